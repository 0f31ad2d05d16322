//! Values as JSON text: all that serde's derived implementations here ever ask for, in little code.

use std::fmt;

use serde::ser::{self, Impossible, Serialize, Serializer};

use super::decimal;

/// A value as JSON text, without a space. Fractions and bytes are not supported.
///
/// # Errors
/// [`Unsupported`] for a value that JSON has no form for, or this writer none.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, Unsupported> {
    let mut writer = Writer(String::new());
    value.serialize(&mut writer)?;
    Ok(writer.0)
}

/// A value that cannot be written.
#[derive(Debug)]
pub(crate) struct Unsupported;

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value has no form in JSON")
    }
}

impl std::error::Error for Unsupported {}

impl ser::Error for Unsupported {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Writer(String);

impl Writer {
    /// Parts the next element from one before it in its array or object.
    fn comma(&mut self) {
        if !self.0.ends_with(&['[', '{'][..]) {
            self.0.push(',');
        }
    }

    fn open(&mut self, bracket: char) -> &mut Self {
        self.0.push(bracket);
        self
    }

    fn number(&mut self, number: String) -> Result<(), Unsupported> {
        self.0.push_str(&number);
        Ok(())
    }

    fn string(&mut self, text: &str) {
        self.0.push('"');
        for char in text.chars() {
            match char {
                '"' | '\\' => self.0.extend(['\\', char]),
                '\0'..='\x1f' => {
                    let digit = |nibble| char::from_digit(nibble, 16).unwrap_or('0');
                    self.0.push_str("\\u00");
                    self.0.push(digit(u32::from(char) >> 4));
                    self.0.push(digit(u32::from(char) & 15));
                }
                char => self.0.push(char),
            }
        }
        self.0.push('"');
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unsupported> {
        self.comma();
        self.string(name);
        self.0.push(':');
        value.serialize(self)
    }
}

impl Serializer for &mut Writer {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeTuple = Impossible<(), Unsupported>;
    type SerializeTupleStruct = Impossible<(), Unsupported>;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeStructVariant = Impossible<(), Unsupported>;

    fn serialize_bool(self, value: bool) -> Result<(), Unsupported> {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Unsupported> {
        self.number(value.to_string())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Unsupported> {
        self.number(value.to_string())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Unsupported> {
        self.number(value.to_string())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unsupported> {
        self.number(value.to_string())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Unsupported> {
        self.number(decimal(value.into()))
    }

    fn serialize_u16(self, value: u16) -> Result<(), Unsupported> {
        self.number(decimal(value.into()))
    }

    fn serialize_u32(self, value: u32) -> Result<(), Unsupported> {
        self.number(decimal(value.into()))
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unsupported> {
        self.number(decimal(value))
    }

    fn serialize_f32(self, _: f32) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn serialize_f64(self, _: f64) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn serialize_char(self, value: char) -> Result<(), Unsupported> {
        self.string(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Unsupported> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn serialize_none(self) -> Result<(), Unsupported> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsupported> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unsupported> {
        self.0.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unsupported> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unsupported> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        let writer = self.open('{');
        writer.field(variant, value)?;
        writer.0.push('}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Unsupported> {
        Ok(self.open('['))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Unsupported> {
        Ok(self.open('{'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unsupported> {
        Ok(self.open('{'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unsupported> {
        Err(Unsupported)
    }
}

impl ser::SerializeSeq for &mut Writer {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        self.comma();
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Unsupported> {
        self.0.push(']');
        Ok(())
    }
}

impl ser::SerializeMap for &mut Writer {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsupported> {
        self.comma();
        let start = self.0.len();
        key.serialize(&mut **self)?;
        // The name of a property is a string.
        if self.0.as_bytes().get(start) == Some(&b'"') {
            Ok(())
        } else {
            Err(Unsupported)
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        self.0.push(':');
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Unsupported> {
        self.0.push('}');
        Ok(())
    }
}

impl ser::SerializeStruct for &mut Writer {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        self.field(name, value)
    }

    fn end(self) -> Result<(), Unsupported> {
        self.0.push('}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    #[derive(Debug, Serialize)]
    struct Everything {
        text: String,
        list: Vec<Option<u32>>,
        map: BTreeMap<String, i64>,
        nothing: (),
        flag: bool,
        letter: char,
        kind: Kind,
    }

    #[derive(Debug, Serialize)]
    enum Kind {
        One,
        Two(u8),
    }

    fn everything() -> impl Strategy<Value = Everything> {
        let parts = (
            any::<String>(),
            proptest::collection::vec(any::<Option<u32>>(), 0..3),
            proptest::collection::btree_map(any::<String>(), any::<i64>(), 0..3),
            any::<bool>(),
            any::<char>(),
            any::<Option<u8>>(),
        );
        parts.prop_map(|(text, list, map, flag, letter, kind)| Everything {
            text,
            list,
            map,
            nothing: (),
            flag,
            letter,
            kind: kind.map_or(Kind::One, Kind::Two),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_reads_to_the_same_value(value in everything()) {
            let text = to_json(&value).unwrap();
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read, serde_json::to_value(&value).unwrap());
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            to_json("\0\n\x1f\x7f\"\\/é").unwrap(),
            "\"\\u0000\\u000a\\u001f\x7f\\\"\\\\/é\""
        );
        assert_eq!(to_json(&vec![Vec::<u8>::new(); 2]).unwrap(), "[[],[]]");
    }

    #[test]
    fn what_has_no_form_is_refused() {
        assert!(to_json(&1.5).is_err());
        assert!(to_json(&BTreeMap::from([(1, 2)])).is_err());
    }
}

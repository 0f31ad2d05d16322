//! The properties of an object, read in one walk: their presence, types, `null`s, and keys that only case distinguishes.

use crate::document::folds_to;
use crate::json::{Value, ValueKind};

use super::Profile;
use super::ambiguity::{KEY_CASE, NULL};
use super::report::Findings;
use super::rule::Rule;

/// What a property may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// Anything: of no meaning here, but of one elsewhere.
    Any,
    /// A descriptor, whose type its own check tells.
    Descriptor,
    String,
    Strings,
    Integer,
    Bool,
    Array,
    Object,
}

/// One property.
#[derive(Debug)]
pub(super) struct Property {
    name: &'static str,
    expect: Expect,
    required: Option<Rule>,
    nullable: bool,
}

impl Property {
    pub(super) const fn optional(name: &'static str, expect: Expect) -> Self {
        Self {
            name,
            expect,
            required: None,
            nullable: false,
        }
    }

    pub(super) const fn required(name: &'static str, expect: Expect, rule: Rule) -> Self {
        Self {
            name,
            expect,
            required: Some(rule),
            nullable: false,
        }
    }

    /// A property that the official schema, too, lets be `null`.
    pub(super) const fn nullable(name: &'static str, expect: Expect) -> Self {
        Self {
            name,
            expect,
            required: None,
            nullable: true,
        }
    }
}

/// What the specification says of optional properties that are `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nulls {
    /// Nothing; common readers take them for absent.
    Suspect,
    /// That they are as good as absent (image configuration).
    Absent,
}

/// The properties of one kind of object.
#[derive(Debug)]
pub(super) struct Properties<const N: usize> {
    /// The rule that a property of another type breaks.
    pub(super) types: Rule,
    pub(super) nulls: Nulls,
    pub(super) list: [Property; N],
}

impl Findings {
    /// The values of these properties of `object`, in the order listed; `None` for those that are absent, `null`, or of
    /// another type, which is then reported.
    pub(super) fn properties<'a, const N: usize>(
        &mut self,
        object: Value<'a>,
        properties: &'static Properties<N>,
    ) -> [Option<Value<'a>>; N] {
        let mut found = [None; N];
        self.read(object, &properties.list, &mut found);
        for (property, slot) in properties.list.iter().zip(&mut found) {
            *slot = self.settle(object, property, *slot, properties.types, properties.nulls);
        }
        found
    }

    fn read<'a>(
        &mut self,
        object: Value<'a>,
        properties: &'static [Property],
        found: &mut [Option<Value<'a>>],
    ) {
        for (key, value) in object.entries() {
            let name = key.as_str().unwrap_or_default();
            let known = properties.iter().position(|property| property.name == name);
            match known.and_then(|at| found.get_mut(at)) {
                // Of duplicates, reported elsewhere, the last counts, as for most readers.
                Some(slot) => *slot = Some(value),
                None if properties
                    .iter()
                    .any(|property| folds_to(&name, property.name)) =>
                {
                    self.add(KEY_CASE, key);
                }
                None => {}
            }
        }
    }

    fn settle<'a>(
        &mut self,
        object: Value<'a>,
        property: &Property,
        value: Option<Value<'a>>,
        types: Rule,
        nulls: Nulls,
    ) -> Option<Value<'a>> {
        let value = match value {
            Some(value) if !value.is_null() => value,
            absent => {
                if let Some(rule) = property.required {
                    self.add(rule, absent.unwrap_or(object));
                } else if let Some(null) = absent {
                    self.null(null, property, types, nulls);
                }
                return None;
            }
        };
        if property.expect == Expect::Strings {
            return self.strings(value, types);
        }
        if let Some(message) = property.expect.mismatch(value) {
            self.add_because(types, value, message);
            return None;
        }
        Some(value)
    }

    fn null(&mut self, null: Value<'_>, property: &Property, types: Rule, nulls: Nulls) {
        if self.profile == Profile::Schema && property.expect != Expect::Any {
            if !property.nullable {
                self.add_because(types, null, "null is not of the property's type");
            }
        } else if nulls == Nulls::Suspect {
            self.add(NULL, null);
        }
    }

    fn strings<'a>(&mut self, array: Value<'a>, types: Rule) -> Option<Value<'a>> {
        if let Some(message) = Expect::Array.mismatch(array) {
            self.add_because(types, array, message);
            return None;
        }
        let mut right = true;
        for element in array.elements() {
            if let Some(message) = Expect::String.mismatch(element) {
                self.add_because(types, element, message);
                right = false;
            }
        }
        right.then_some(array)
    }
}

impl Expect {
    /// What is wrong with the type of `value`, if something is.
    pub(super) fn mismatch(self, value: Value<'_>) -> Option<&'static str> {
        let kind = value.kind();
        let (right, message) = match self {
            Self::Any | Self::Descriptor => return None,
            Self::String => (kind == ValueKind::String, "must be a string"),
            Self::Integer => (
                value.is_integer(),
                "must be an integer, written without fraction or exponent",
            ),
            Self::Bool => (kind == ValueKind::Bool, "must be true or false"),
            Self::Array | Self::Strings => (kind == ValueKind::Array, "must be an array"),
            Self::Object => (kind == ValueKind::Object, "must be an object"),
        };
        (!right).then_some(message)
    }
}

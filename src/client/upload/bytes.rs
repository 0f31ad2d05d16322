//! Bytes at hand, as what is pushed.

use std::marker::PhantomData;

use super::super::transport::{Body, Content, Host, Piece as _};
use super::super::{Client, PushOptions, Pushed};
use super::session::Upload;
use crate::Result;
use crate::digest::Digest;
use crate::reference::RepositoryName;

/// A content whose only piece is held from the beginning, so that it is never opened.
struct Held<B> {
    digest: Digest,
    size: u64,
    body: PhantomData<fn() -> B>,
}

impl<B: Body> Content for Held<B> {
    type Body = B;

    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn digest(&self) -> Option<Digest> {
        Some(self.digest.clone())
    }

    fn reopens(&self) -> bool {
        false
    }

    async fn open(&mut self, _: u64) -> Result<Option<B>> {
        Ok(None)
    }
}

impl<T: Host> Client<T> {
    /// [`Client::push_blob`] for bytes that were found to have a digest.
    pub(in super::super) async fn push_bytes(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        bytes: Vec<u8>,
    ) -> Result<Pushed> {
        let size = bytes.len() as u64;
        let held: Held<T::Body> = Held {
            digest: digest.clone(),
            size,
            body: PhantomData,
        };
        let options = PushOptions::default();
        let mut upload = Upload::new(self, name, held, &options)?;
        upload.held = Some((<T::Body as Body>::Piece::new(bytes), 0));
        (upload.read, upload.ended) = (size, true);
        upload.push().await
    }
}

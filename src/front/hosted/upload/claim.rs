//! Claims: who may write from an offset on, so that of two that try, one need not send its bytes in vain. Claims do not decide whose bytes
//! count ([`state`](super::state) does); they name what is written, so that no key of a segment is ever used twice.

use super::super::super::error::Failure;
use super::super::super::{keys, record};
use super::super::links::RECORD_LIMIT;
use super::super::{Host, Hosted, fields};
use super::state::Upload;

/// How long a writer is waited for that says nothing more, in milliseconds.
const EXPIRY: u64 = 2 * 60 * 1000;

impl<T: Host> Hosted<T> {
    /// Claims the end of an upload, and gives the claim's generation; `None` if somebody else is writing there, or was: who has not seen
    /// the `latest` of the upload is told so at once.
    pub(super) async fn claim(
        &self,
        upload: &Upload,
        latest: bool,
    ) -> Result<Option<u64>, Failure> {
        let (id, start) = (&upload.id, upload.offset());
        let mut generation = 0;
        if latest && let Some(last) = self.last(&keys::claims(id, start)).await? {
            let key = keys::claim(id, start, last);
            let found = record::read(&self.host, &key, RECORD_LIMIT).await;
            let claim = found.map_err(Failure::from_store)?.bytes;
            let until = claim.as_deref().and_then(until).unwrap_or_default();
            if until > self.host.unix_time() {
                return Ok(None);
            }
            generation = last + 1;
        }
        let claim = self.claim_until(self.host.unix_time() + EXPIRY);
        let key = keys::claim(id, start, generation);
        Ok(self.create_own(&key, &claim).await?.then_some(generation))
    }

    /// Lets others write where a claim was made: the next one is over before it begins. If that fails they wait until the claim is over.
    pub(super) async fn release(&self, upload: &Upload, generation: u64) {
        let key = keys::claim(&upload.id, upload.offset(), generation + 1);
        let _ = self.create_own(&key, &self.claim_until(0)).await;
    }

    fn claim_until(&self, until: u64) -> Vec<u8> {
        let mut text = String::new();
        fields::add_number(&mut text, "until", until);
        fields::add(&mut text, "writer", &self.nonce());
        text.into_bytes()
    }
}

/// When a claim is over, in milliseconds since 1970.
fn until(claim: &[u8]) -> Option<u64> {
    fields::number(fields::parts(claim)?.0, "until")
}

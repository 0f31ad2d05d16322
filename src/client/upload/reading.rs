//! What is sent next: the content's side of an upload.

use super::super::transport::{Body as _, Expected, Piece as _};
use super::super::{Content, Host, Payload};
use super::session::{Upload, nameless};
use crate::{Error, Kind, Result};

impl<T: Host, C: Content<Body = T::Body>> Upload<'_, T, C> {
    /// What the registry does not have yet, or a part of it; nothing once it has all.
    pub(super) async fn next(&mut self) -> Result<Payload<T::Body>> {
        if let Some((piece, start)) = &self.held
            && let Some(had) = self.sent.checked_sub(*start)
            && had < piece.size()
        {
            let rest = piece.skip(had);
            // What is left of a chunk may be less than the registry takes, but for the last one.
            if rest.size() >= self.least || self.ended || !self.content.reopens() {
                return Ok(Payload::Piece(rest));
            }
        }
        if self.ended && self.total == Some(self.sent) {
            return Ok(Payload::None);
        }
        if self.body.is_none() || self.read != self.sent {
            (self.body, self.ended) = (None, false);
            self.body = Some(self.reading().await?);
            self.read = self.sent;
        }
        let Some(mut body) = self.body.take() else {
            return Err(nameless());
        };
        let left = self.total.map(|total| total.saturating_sub(self.sent));
        if self.streams
            && let Some(left) = left
            && left > 0
        {
            self.ended = true;
            return Ok(Payload::Stream(body, left));
        }
        let size = left.map_or(self.chunk, |left| left.min(self.chunk));
        let piece = body.take(size).await?;
        self.read = self.read.saturating_add(piece.size());
        if piece.size() < size {
            if let Some(total) = self.total {
                return Err(Error::new(Kind::BodyTruncated, "the content ended early")
                    .with_amounts(total, self.read));
            }
            self.total = Some(self.read);
        }
        if self.total != Some(self.read) {
            self.body = Some(body);
        } else if body.take(1).await?.size() > 0 {
            // Only its end gives a content its digest.
            return Err(
                Error::new(Kind::SizeMismatch, "the content is longer than it says")
                    .with_amounts(self.read, self.read.saturating_add(1)),
            );
        }
        self.ended = self.total == Some(self.read);
        let none = piece.size() == 0;
        self.held = Some((piece.clone(), self.sent));
        Ok(if none {
            Payload::None
        } else {
            Payload::Piece(piece)
        })
    }

    /// A reading of the content from where the registry has it to. One from the beginning is verified; what is read from elsewhere
    /// is for the registry to verify, which does.
    async fn reading(&mut self) -> Result<T::Body> {
        let body = self.content.open(self.sent).await?.ok_or_else(|| {
            Error::new(
                Kind::ConnectionLost,
                "the upload broke, and the content cannot be read again",
            )
        })?;
        match &self.digest {
            Some(digest) if self.sent == 0 => {
                body.verified(Expected::new(digest.clone(), self.total))
            }
            _ => Ok(body),
        }
    }
}

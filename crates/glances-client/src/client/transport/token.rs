//! Credentials as header values: Basic, and the bearer token of Glances 4.5 on.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::{BuildError, Reply, Transport};
use crate::wire::Decoder;
use crate::{ApiVersion, FetchError};

/// A token that is fetched when first needed and again when the server forgets it.
pub(super) struct Token {
    username: String,
    password: SecretString,
    basic: HeaderValue,
    /// Held while a token is fetched, so that many requests fetch one.
    held: Mutex<Option<Held>>,
}

struct Held {
    api: ApiVersion,
    value: HeaderValue,
}

impl Token {
    pub(super) fn new(username: String, password: SecretString) -> Result<Self, BuildError> {
        let basic = basic(&username, &password)?;
        Ok(Self { username, password, basic, held: Mutex::new(None) })
    }

    /// The token at hand, or a first one.
    pub(super) async fn current(
        &self,
        transport: &Transport,
        api: ApiVersion,
    ) -> Result<HeaderValue, FetchError> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.api == api) {
            return Ok(held.value.clone());
        }
        let value = self.fetch(transport, api).await?;
        Ok(held.insert(Held { api, value }).value.clone())
    }

    /// A token that is newer than the refused one; `None` when Basic itself was refused.
    pub(super) async fn renewed(
        &self,
        transport: &Transport,
        api: ApiVersion,
        refused: &HeaderValue,
    ) -> Result<Option<HeaderValue>, FetchError> {
        if refused == self.basic {
            return Ok(None);
        }
        let mut held = self.held.lock().await;
        if let Some(newer) = held.as_ref().filter(|it| it.api == api && it.value != *refused) {
            return Ok(Some(newer.value.clone()));
        }
        *held = None;
        let value = self.fetch(transport, api).await?;
        Ok(Some(held.insert(Held { api, value }).value.clone()))
    }

    /// Basic where there is no token endpoint: API 3, a server without a password, or without
    /// the library for tokens.
    async fn fetch(
        &self,
        transport: &Transport,
        api: ApiVersion,
    ) -> Result<HeaderValue, FetchError> {
        if api == ApiVersion::V3 {
            return Ok(self.basic.clone());
        }
        let body = serde_json::json!({
            "username": self.username,
            "password": self.password.expose_secret(),
        });
        let reply = transport.post_json(&format!("/api/{api}/token"), body.to_string()).await?;
        match reply.status {
            200..=299 => Ok(bearer(&reply, api).unwrap_or_else(|| self.basic.clone())),
            401 | 403 => Err(FetchError::Auth { status: reply.status }),
            421 => Err(FetchError::HostRejected { status: reply.status }),
            400 if reply.says("Invalid host header") => {
                Err(FetchError::HostRejected { status: reply.status })
            }
            300..=499 | 501 => Ok(self.basic.clone()),
            status => Err(FetchError::Status { status }),
        }
    }
}

fn bearer(reply: &Reply, api: ApiVersion) -> Option<HeaderValue> {
    let decoder = Decoder { api, release: None, filter: str::to_owned };
    let token = decoder.own_field(&reply.body, "access_token")?;
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Basic` of RFC 7617.
pub(super) fn basic(username: &str, password: &SecretString) -> Result<HeaderValue, BuildError> {
    let pair = SecretString::from(format!("{username}:{}", password.expose_secret()));
    let encoded = SecretString::from(base64(pair.expose_secret().as_bytes()));
    let refuse = |_| BuildError::Header { name: "authorization".to_owned() };
    let mut value =
        HeaderValue::try_from(format!("Basic {}", encoded.expose_secret())).map_err(refuse)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Standard alphabet, padded.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = ALPHABET.get((bits >> shift & 63) as usize).copied().unwrap_or(b'=');
            text.push(if index <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let table =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in table {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn a_header_with_credentials_prints_nothing() {
        let value = basic("glances", &SecretString::from("hunter2")).unwrap();
        assert_eq!(value, "Basic Z2xhbmNlczpodW50ZXIy");
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}

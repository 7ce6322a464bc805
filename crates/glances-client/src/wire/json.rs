//! JSON as Python writes it: `NaN` and `Infinity` may stand where a number should.

use serde_json::Value;

/// The body as a value. Bare `NaN`, `Infinity` and `-Infinity` are read as `null`.
pub(super) fn parse(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body).or_else(|problem| match without_bare_words(body) {
        Some(cleaned) => serde_json::from_slice(&cleaned),
        None => Err(problem),
    })
}

/// The body with those words outside strings replaced; `None` when there are none.
fn without_bare_words(body: &[u8]) -> Option<Vec<u8>> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"-Infinity", b"Infinity"];
    let mut cleaned = Vec::with_capacity(body.len());
    let mut rest = body;
    let mut replaced = false;
    let mut in_string = false;
    while let Some((&byte, tail)) = rest.split_first() {
        if !in_string && let Some(word) = WORDS.iter().find(|word| rest.starts_with(word)) {
            cleaned.extend_from_slice(b"null");
            rest = rest.get(word.len()..).unwrap_or_default();
            replaced = true;
            continue;
        }
        cleaned.push(byte);
        rest = tail;
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                if let Some((&escaped, tail)) = rest.split_first() {
                    cleaned.push(escaped);
                    rest = tail;
                }
            }
            _ => {}
        }
    }
    replaced.then_some(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bare_nan_and_infinity_are_null_but_words_in_texts_stay() {
        let body =
            br#"{"a": NaN, "b": [-Infinity, Infinity, 1], "c": "NaN \"Infinity", "d\\": NaN}"#;
        let value = parse(body).unwrap();
        let expected = json!({"a": null, "b": [null, null, 1], "c": "NaN \"Infinity", "d\\": null});
        assert_eq!(value, expected);
    }

    #[test]
    fn other_garbage_stays_an_error() {
        for body in ["", "<html>", "{", "[1,]", "nan", "{\"a\": NaNa}", "\"NaN"] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn nesting_without_end_is_an_error_and_no_overflow() {
        assert!(parse(&b"[".repeat(100_000)).is_err());
        assert!(parse(&b"[NaN,".repeat(100_000)).is_err());
    }
}

//! URIs of resources against their templates: a `{name}` stands for one whole segment of the path
//! (RFC 6570, level 1).

use percent_encoding::percent_decode_str;

/// Longest URI that is looked at, bytes.
const URI_BYTES_MAX: usize = 1_024;

/// What the variables of a template stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(Vec<(&'static str, String)>);

impl Variables {
    /// One of them; empty when the template has none of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

/// The variables with which a template gives this URI, if it can.
pub(super) fn matched(template: &'static str, uri: &str) -> Option<Variables> {
    if uri.len() > URI_BYTES_MAX {
        return None;
    }
    let mut given = uri.split('/');
    let mut variables = Vec::new();
    for part in template.split('/') {
        let text = given.next()?;
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None if part == text => {}
            None => return None,
            Some(name) => {
                let value = percent_decode_str(text).decode_utf8().ok()?;
                if value.is_empty() {
                    return None;
                }
                variables.push((name, value.into_owned()));
            }
        }
    }
    given.next().is_none().then_some(Variables(variables))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEMPLATE: &str = "glances://servers/{alias}/{plugin}";

    #[test]
    fn a_variable_is_one_decoded_segment() {
        let variables = matched(TEMPLATE, "glances://servers/web%201/fs").unwrap();
        assert_eq!(variables.get("alias"), "web 1");
        assert_eq!(variables.get("plugin"), "fs");
        assert_eq!(variables.get("other"), "");
    }

    #[test]
    fn another_form_is_another_resource() {
        for uri in [
            "glances://servers/web-1",
            "glances://servers/web-1/",
            "glances://servers//fs",
            "glances://servers/web-1/fs/x",
            "glances://server/web-1/fs",
            "http://servers/web-1/fs",
            "glances://servers/%FF/fs",
            "",
        ] {
            assert_eq!(matched(TEMPLATE, uri), None, "{uri}");
        }
        let long = format!("glances://servers/{}/fs", "x".repeat(URI_BYTES_MAX));
        assert_eq!(matched(TEMPLATE, &long), None);
    }

    proptest! {
        #[test]
        fn any_text_is_matched_or_not_without_panic(uri in ".*") {
            let _ = matched(TEMPLATE, &uri);
        }

        #[test]
        fn what_is_encoded_comes_back(alias in "[^/]{1,20}") {
            let all = percent_encoding::NON_ALPHANUMERIC;
            let encoded = percent_encoding::utf8_percent_encode(&alias, all);
            let variables = matched(TEMPLATE, &format!("glances://servers/{encoded}/fs")).unwrap();
            prop_assert_eq!(variables.get("alias"), alias);
        }
    }
}

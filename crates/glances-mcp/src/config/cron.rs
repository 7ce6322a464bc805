//! The form of a cron line. Only checks it: who opens windows by it has the clock.

use super::tree::quoted;

const FORM: &str = "write five fields: minute, hour, day of month, month, day of week, such as \
                    `0 2 * * sun` for Sundays at two";

struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of values, from `min` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[] },
    Field { name: "hour", min: 0, max: 23, names: &[] },
    Field { name: "day of month", min: 1, max: 31, names: &[] },
    Field {
        name: "month",
        min: 1,
        max: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    // Sunday is 0 and 7.
    Field {
        name: "day of week",
        min: 0,
        max: 7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// What is wrong with a cron line, and the fix.
pub(super) fn check(line: &str) -> Result<(), (String, String)> {
    let texts: Vec<&str> = line.split_whitespace().collect();
    if texts.len() != FIELDS.len() {
        let problem = format!("a cron line has five fields, {} has {}", quoted(line), texts.len());
        return Err((problem, FORM.to_owned()));
    }
    for (text, field) in texts.iter().zip(&FIELDS) {
        if !text.split(',').all(|part| part_is_valid(part, field)) {
            let problem = format!("{} is not a {}", quoted(text), field.name);
            let Field { min, max, .. } = field;
            return Err((problem, format!("it goes from {min} to {max}; {FORM}")));
        }
    }
    Ok(())
}

/// `*`, `5`, `1-5`, each also with a step: `*/15`.
fn part_is_valid(part: &str, field: &Field) -> bool {
    let (values, step) = match part.split_once('/') {
        Some((values, step)) => (values, Some(step)),
        None => (part, None),
    };
    let step_is_valid = step
        .is_none_or(|step| step.parse::<u32>().is_ok_and(|step| (1..=field.max).contains(&step)));
    let values_are_valid = match values.split_once('-') {
        _ if values == "*" => true,
        None => value(values, field).is_some(),
        Some((first, last)) => match (value(first, field), value(last, field)) {
            (Some(first), Some(last)) => first <= last,
            _ => false,
        },
    };
    step_is_valid && values_are_valid
}

fn value(text: &str, field: &Field) -> Option<u32> {
    let named = field.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let number = match named {
        Some(index) => u32::try_from(index).ok()?.checked_add(field.min)?,
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
        None => return None,
    };
    (field.min..=field.max).contains(&number).then_some(number)
}

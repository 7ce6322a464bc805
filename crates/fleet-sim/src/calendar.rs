//! Times as text. Knows UTC only.

/// A time taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    secs: i64,
    micros: i64,
    weekday: usize,
}

fn parts(time: f64) -> Parts {
    let whole = time.floor();
    let days = (whole as i64).div_euclid(86_400);
    // Howard Hinnant's civil_from_days.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Parts {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        secs: (whole as i64).rem_euclid(86_400),
        micros: ((time - whole) * 1e6) as i64,
        weekday: (days + 4).rem_euclid(7) as usize,
    }
}

fn clock(secs: i64) -> String {
    format!("{:02}:{:02}:{:02}", secs / 3_600, secs / 60 % 60, secs % 60)
}

/// `2026-11-22T20:10:36`.
#[must_use]
pub(crate) fn iso(time: f64) -> String {
    let p = parts(time);
    format!("{:04}-{:02}-{:02}T{}", p.year, p.month, p.day, clock(p.secs))
}

/// Month and day of the month.
#[must_use]
pub(crate) fn month_and_day(time: f64) -> (i64, i64) {
    let p = parts(time);
    (p.month, p.day)
}

/// `2026-11-22T20:10:36.729642`.
#[must_use]
pub(crate) fn iso_micros(time: f64) -> String {
    format!("{}.{:06}", iso(time), parts(time).micros)
}

/// `2026-11-22 20:10:36 UTC`.
#[must_use]
pub(crate) fn plain(time: f64) -> String {
    format!("{} UTC", iso(time).replace('T', " "))
}

/// `Sun, 22 Nov 2026 20:10:36 GMT`, as HTTP wants it.
#[must_use]
pub(crate) fn http(time: f64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let p = parts(time);
    let weekday = DAYS.get(p.weekday).copied().unwrap_or_default();
    let month = usize::try_from(p.month - 1).ok().and_then(|i| MONTHS.get(i)).copied();
    let (month, clock) = (month.unwrap_or_default(), clock(p.secs));
    format!("{weekday}, {:02} {month} {:04} {clock} GMT", p.day, p.year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_as_the_servers_spell_them() {
        let time = 1_795_378_236.729_642;
        assert_eq!(iso(time), "2026-11-22T20:10:36");
        assert_eq!(plain(time), "2026-11-22 20:10:36 UTC");
        assert_eq!(http(time), "Sun, 22 Nov 2026 20:10:36 GMT");
        assert!(iso_micros(time).starts_with("2026-11-22T20:10:36.7296"));
        assert_eq!(iso(951_782_400.0), "2000-02-29T00:00:00");
        assert_eq!(iso(0.0), "1970-01-01T00:00:00");
    }
}

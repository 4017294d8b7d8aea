//! How numbers are written: one place, so that the table, the live line and the report agree.
//!
//! Takes plain numbers, hands on text with its unit. A number that isn't one (a rate over no
//! time, say) is written as [`NONE`]; nothing here panics or prints `NaN`.

/// What stands where there is no number.
pub const NONE: &str = "–";

/// A whole number with thousands separators: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits, and whole above 100: `0.125`, `3.47`, `46.2`, `4,621`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let size = value.abs();
    // So many digits are neither read nor exact.
    if size >= 1e15 {
        return format!("{value:.2e}");
    }
    // The limits are where rounding would add a digit: 9.996 is 10.0, not 10.00.
    let decimals = match size {
        _ if size < 0.0005 => 0,
        _ if size < 0.9995 => 3,
        _ if size < 9.995 => 2,
        _ if size < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    // Below 1e15, so it is a whole number that fits.
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), self::count);
    let sign = if value < 0.0 && size >= 0.0005 {
        "-"
    } else {
        ""
    };
    match fraction {
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    }
}

/// A whole number that was counted, or a size that seldom has a fraction: `39`, `1.5`.
pub fn amount(value: f64) -> String {
    match value.fract() == 0.0 && value.abs() < 1e15 {
        true => format!(
            "{}{}",
            if value < 0.0 { "-" } else { "" },
            count(value.abs() as u64)
        ),
        false => trimmed(value),
    }
}

/// A rate: `4,621/s`.
pub fn per_second(rate: f64) -> String {
    with_unit(rate, "/s")
}

/// Microseconds in the unit that reads best: `850 µs`, `1.24 ms`, `3.05 s`.
pub fn micros(micros: f64) -> String {
    match micros.abs() {
        size if size < 999.5 => {
            // What is measured in whole microseconds gets no decimals.
            let exact = micros.fract() == 0.0;
            match exact {
                true => format!("{micros} µs"),
                false => with_unit(micros, " µs"),
            }
        }
        size if size < 999_500.0 => with_unit(micros / 1e3, " ms"),
        _ => with_unit(micros / 1e6, " s"),
    }
}

/// A length of time in seconds: `10 s`, `2.5 s`, `12 ms`.
pub fn seconds(seconds: f64) -> String {
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    if seconds.abs() < 0.9995 {
        return micros(seconds * 1e6);
    }
    trimmed(seconds) + if seconds.is_finite() { " s" } else { "" }
}

/// Bytes in binary units: `512 B`, `3.20 KiB`, `1.50 GiB`.
pub fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 6] = [" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"];
    if bytes.abs() < 1024.0 {
        return with_unit(bytes.round(), " B");
    }
    let mut value = bytes;
    let mut unit = " B";
    for next in UNITS {
        if value.abs() < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    with_unit(value, unit)
}

/// A part of a whole: `99.2 %`. Only all is `100 %` and only nothing is `0 %`; what lies closer
/// than the last digit says so.
pub fn share(part: f64) -> String {
    match part {
        _ if !part.is_finite() => NONE.to_owned(),
        0.0 => "0 %".to_owned(),
        1.0 => "100 %".to_owned(),
        _ if part > 0.0 && part < 0.000_01 => "< 0.001 %".to_owned(),
        _ if part > 0.999_99 && part < 1.0 => "> 99.999 %".to_owned(),
        _ if part > 0.999 => format!("{:.3} %", part * 100.0),
        _ => with_unit(part * 100.0, " %"),
    }
}

/// A factor: `1.24×`.
pub fn factor(factor: f64) -> String {
    match factor {
        0.0 => "0×".to_owned(),
        _ if factor.is_finite() && factor > 1_000.0 => "> 1,000×".to_owned(),
        _ if factor.is_finite() && factor > 0.0 && factor < 0.005 => "< 0.01×".to_owned(),
        _ if factor.is_finite() && factor < 0.995 => format!("{factor:.2}×"),
        _ => with_unit(factor, "×"),
    }
}

/// For the ticks of an axis, where room is short: `500`, `20k`, `1.5M`.
pub fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size >= 1e15 => return format!("{value:.0e}"),
        size if size >= 1e12 => (value / 1e12, "T"),
        size if size >= 1e9 => (value / 1e9, "G"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    trimmed(scaled) + unit
}

/// For the ticks of a latency axis: `500 µs`, `2 ms`, `10 s`.
pub fn short_micros(value: f64) -> String {
    match value.abs() {
        size if size < 1e3 => trimmed(value) + " µs",
        size if size < 1e6 => trimmed(value / 1e3) + " ms",
        size if size < 1e10 => trimmed(value / 1e6) + " s",
        _ => short(value / 1e6) + " s",
    }
}

/// Without zeros that say nothing: `2.5`, `10`.
fn trimmed(value: f64) -> String {
    let text = number(value);
    match text.contains('.') && !text.contains('e') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    match value.is_finite() {
        true => number(value) + unit,
        false => NONE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn numbers_have_three_digits() {
        let cases = [
            (0.0, "0"),
            (0.1254, "0.125"),
            (0.9996, "1.00"),
            (3.474, "3.47"),
            (9.996, "10.0"),
            (46.23, "46.2"),
            (99.96, "100"),
            (4621.4, "4,621"),
            (-2.5, "-2.50"),
            (-0.00001, "0"),
            (1e30, "1.00e30"),
            (f64::NAN, NONE),
            (f64::INFINITY, NONE),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text, "{value}");
        }
    }

    #[test]
    fn times_have_the_unit_that_reads_best() {
        let cases = [
            (0.0, "0 µs"),
            (850.0, "850 µs"),
            (12.345, "12.3 µs"),
            (999.6, "1.00 ms"),
            (1_240.0, "1.24 ms"),
            (999_600.0, "1.00 s"),
            (3_050_000.0, "3.05 s"),
            (7.2e9, "7,200 s"),
            (f64::NAN, NONE),
        ];
        for (value, text) in cases {
            assert_eq!(micros(value), text, "{value}");
        }
        assert_eq!(seconds(0.0), "0 s");
        assert_eq!(seconds(0.012), "12.0 ms");
        assert_eq!(seconds(2.5), "2.5 s");
        assert_eq!(seconds(10.0), "10 s");
        assert_eq!(seconds(f64::NAN), NONE);
    }

    #[test]
    fn bytes_are_binary() {
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(512.0), "512 B");
        assert_eq!(bytes(3_277.0), "3.20 KiB");
        assert_eq!(bytes(1024.0 * 1024.0 - 1.0), "1.00 MiB");
        assert_eq!(bytes(u64::MAX as f64), "16.0 EiB");
    }

    #[test]
    fn a_share_never_rounds_to_all_or_nothing() {
        assert_eq!(share(0.0), "0 %");
        assert_eq!(share(0.000_001), "< 0.001 %");
        assert_eq!(share(0.000_2), "0.020 %");
        assert_eq!(share(0.123), "12.3 %");
        assert_eq!(share(0.999_8), "99.980 %");
        assert_eq!(share(0.999_999), "> 99.999 %");
        assert_eq!(share(1.0), "100 %");
        assert_eq!(share(f64::NAN), NONE);
    }

    #[test]
    fn amounts_have_no_digits_that_say_nothing() {
        let cases = [
            (39.0, "39"),
            (-2.0, "-2"),
            (1.5, "1.5"),
            (1.8e19, "1.80e19"),
            (f64::NAN, NONE),
        ];
        for (value, text) in cases {
            assert_eq!(amount(value), text, "{value}");
        }
    }

    #[test]
    fn factors_and_rates() {
        assert_eq!(factor(1.236), "1.24×");
        assert_eq!(factor(0.9), "0.90×");
        assert_eq!(factor(0.001), "< 0.01×");
        assert_eq!(factor(0.0), "0×");
        assert_eq!(factor(4e14), "> 1,000×");
        assert_eq!(factor(f64::INFINITY), NONE);
        assert_eq!(per_second(4621.4), "4,621/s");
    }

    #[test]
    fn ticks_are_short() {
        assert_eq!(short(0.0), "0");
        assert_eq!(short(500.0), "500");
        assert_eq!(short(20_000.0), "20k");
        assert_eq!(short(1.5e6), "1.5M");
        assert_eq!(short(1e19), "1e19");
        assert_eq!(short_micros(0.5), "0.5 µs");
        assert_eq!(short_micros(200.0), "200 µs");
        assert_eq!(short_micros(2_000.0), "2 ms");
        assert_eq!(short_micros(1e7), "10 s");
    }
}

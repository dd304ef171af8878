//! Digests of moments and long numbers as text.

use std::ops::Range;

use super::batch::{Batch, Reach};
use super::matcher::Matcher;
use super::sha256::sha256;
use crate::time::Timestamp;

/// The numbers as decimal text: seconds since 1970 among them.
pub(super) fn numbers(key: &Matcher, numbers: Range<u32>) -> Option<&'static str> {
    let mut text = Decimal::of(numbers.start);
    let mut batch = Batch::new(key, Reach::Commonest);
    let found = numbers.into_iter().find_map(|number| {
        let found = if number.is_multiple_of(4_096) && key.is_over() { Some("") } else { batch.add(text.digits()) };
        text.increment();
        found
    });
    found.filter(|found| !found.is_empty()).or_else(|| batch.finish())
}

/// Days from 1940 to 2035 as people and programs write them, and the moments at which they begin.
pub(super) fn days(key: &Matcher) -> Option<&'static str> {
    let mut batch = Batch::new(key, Reach::Commonest);
    let days = FIRST_DAY..LAST_DAY;
    let found = days.take_while(|_| !key.is_over()).find_map(|day| {
        let date = Moment::of(86_400 * day)?;
        date.day_forms().iter().find_map(|form| batch.add(form.as_bytes()))
    });
    found.or_else(|| batch.finish())
}

/// Minutes since 1970, as ISO 8601 and its relatives write them.
pub(super) fn minutes(key: &Matcher, minutes: Range<u32>) -> Option<&'static str> {
    let mut batch = Batch::new(key, Reach::Commonest);
    let found = minutes.into_iter().take_while(|_| !key.is_over()).find_map(|minute| {
        let moment = Moment::of(60 * i64::from(minute))?;
        let (few, more, minutes) = (moment.few_forms(), moment.more_forms(), moment.minute_forms());
        few.iter().chain(&more).chain(&minutes).find_map(|form| batch.add(form.as_bytes()))
    });
    found.or_else(|| batch.finish())
}

/// Seconds since 1970 in the forms that have seconds.
pub(super) fn seconds(key: &Matcher, seconds: Range<u32>) -> Option<&'static str> {
    each_second(key, seconds, |moment, batch| {
        let mut forms = moment.few_forms().into_iter().chain(moment.more_forms());
        forms.find_map(|form| batch.add(form.as_bytes()))
    })
}

/// The same in the commonest forms.
pub(super) fn commonest_seconds(key: &Matcher, seconds: Range<u32>) -> Option<&'static str> {
    each_second(key, seconds, |moment, batch| moment.few_forms().iter().find_map(|form| batch.add(form.as_bytes())))
}

fn each_second<'key>(
    key: &'key Matcher,
    seconds: Range<u32>,
    add: impl Fn(&Moment, &mut Batch<'key>) -> Option<&'static str>,
) -> Option<&'static str> {
    let mut batch = Batch::new(key, Reach::Commonest);
    let mut seconds = seconds.into_iter().take_while(|_| !key.is_over());
    let found = seconds.find_map(|second| add(&Moment::of(i64::from(second))?, &mut batch));
    found.or_else(|| batch.finish())
}

/// Milliseconds since 1970 as decimal text: `Date.now()`.
pub(super) fn milliseconds(key: &Matcher, seconds: Range<u32>) -> Option<&'static str> {
    let mut batch = Batch::new(key, Reach::Commonest);
    let found = seconds.into_iter().take_while(|_| !key.is_over()).find_map(|second| {
        let mut text = second.to_string().into_bytes();
        let digits = text.len();
        text.extend(b"000");
        (0..1_000_u16).find_map(|thousandth| {
            for (place, power) in text[digits..].iter_mut().zip([100, 10, 1]) {
                *place = b'0' + u8::try_from(thousandth / power % 10).expect("a digit");
            }
            batch.add(&text)
        })
    });
    found.or_else(|| batch.finish())
}

/// Numbers as decimal text, by SHA-256 alone; shorter ones also with zeros in front, as codes have them.
pub(super) fn plain_numbers(key: &Matcher, numbers: Range<u32>) -> Option<&'static str> {
    let mut text = Decimal::of(numbers.start);
    let found = numbers.into_iter().any(|number| {
        let over = number.is_multiple_of(4_096) && key.is_over();
        let padded = || (4..=6).any(|digits| number < 100_000 && key.matches(&sha256(&text.text[10 - digits..])));
        let found = !over && (key.matches(&sha256(text.digits())) || padded());
        text.increment();
        found
    });
    found.then_some("SHA-256")
}

/// A moment in parts of text.
struct Moment {
    /// 2026-11-24T09:30:00Z
    text: String,
    weekday: &'static str,
    month: &'static str,
    seconds: i64,
}

impl Moment {
    fn of(seconds: i64) -> Option<Self> {
        let text = Timestamp::from_unix_millis(seconds * 1_000)?.to_string();
        let month: usize = text.get(5..7)?.parse().ok()?;
        let weekday = usize::try_from((seconds.div_euclid(86_400) + 3).rem_euclid(7)).ok()?;
        Some(Self { weekday: WEEKDAYS[weekday], month: MONTHS.get(month - 1)?, text, seconds })
    }

    /// Year, month, day, hour, minute, second.
    fn parts(&self) -> [&str; 6] {
        let text = &self.text;
        [&text[..4], &text[5..7], &text[8..10], &text[11..13], &text[14..16], &text[17..19]]
    }

    fn few_forms(&self) -> [String; 4] {
        let text = &self.text[..19];
        let digits = text.bytes().filter(u8::is_ascii_digit).map(char::from).collect();
        [format!("{text}Z"), text.to_owned(), text.replacen('T', " ", 1), digits]
    }

    fn more_forms(&self) -> [String; 9] {
        let [year, month, day, hour, minute, second] = self.parts();
        let (weekday, name) = (&self.weekday[..3], &self.month[..3]);
        let (date, time) = (&self.text[..10], &self.text[11..19]);
        let short_day = day.trim_start_matches('0');
        [
            format!("{date}T{time}.000Z"),
            format!("{date}T{time}+00:00"),
            format!("{year}{month}{day}_{hour}{minute}{second}"),
            format!("{year}{month}{day}-{hour}{minute}{second}"),
            format!("{year}{month}{day}T{hour}{minute}{second}Z"),
            format!("{date}_{hour}-{minute}-{second}"),
            format!("{weekday} {name} {short_day:>2} {time} {year}"),
            format!("{weekday} {name} {short_day:>2} {time} UTC {year}"),
            format!("{weekday}, {day} {name} {year} {time} GMT"),
        ]
    }

    fn minute_forms(&self) -> [String; 7] {
        let [year, month, day, hour, minute, _] = self.parts();
        let date = &self.text[..10];
        [
            format!("{date}T{hour}:{minute}"),
            format!("{date}T{hour}:{minute}Z"),
            format!("{date} {hour}:{minute}"),
            format!("{year}{month}{day}{hour}{minute}"),
            format!("{day}.{month}.{year} {hour}:{minute}"),
            format!("{day}/{month}/{year} {hour}:{minute}"),
            format!("{month}/{day}/{year} {hour}:{minute}"),
        ]
    }

    fn day_forms(&self) -> Vec<String> {
        let [year, month, day, ..] = self.parts();
        let (short_month, short_day) = (month.trim_start_matches('0'), day.trim_start_matches('0'));
        let (years, name, weekday) = (&year[2..], self.month, self.weekday);
        let abbreviated = &name[..3];
        let mut all = vec![
            format!("{abbreviated}{year}"),
            format!("{name}{year}"),
            format!("{abbreviated} {short_day}, {year}"),
            format!("{name} {short_day}, {year}"),
            format!("{name} {short_day} {year}"),
            format!("{short_day} {name} {year}"),
            format!("{short_day} {abbreviated} {year}"),
            format!("{day}-{abbreviated}-{year}"),
            format!("{day}{abbreviated}{year}"),
            format!("{day}{}{year}", abbreviated.to_uppercase()),
            format!("{weekday}, {name} {short_day}, {year}"),
            format!("{year}-{month}-{day}T00:00:00"),
            format!("{year}-{month}-{day}T00:00:00Z"),
            format!("{year}-{month}-{day}T00:00:00.000Z"),
            format!("{year}-{month}-{day} 00:00:00"),
            format!("{year}-{month}"),
            format!("{year}{month}"),
            format!("{month}/{year}"),
            format!("{month}{day}{years}"),
            format!("{day}{month}{years}"),
            format!("{years}{month}{day}"),
            self.seconds.to_string(),
            (self.seconds * 1_000).to_string(),
        ];
        for mark in ["", "-", "/", ".", "_", " "] {
            all.push(format!("{year}{mark}{month}{mark}{day}"));
            all.push(format!("{day}{mark}{month}{mark}{year}"));
            all.push(format!("{month}{mark}{day}{mark}{year}"));
        }
        for mark in ["-", "/", "."] {
            all.push(format!("{short_day}{mark}{short_month}{mark}{year}"));
            all.push(format!("{short_month}{mark}{short_day}{mark}{year}"));
            all.push(format!("{day}{mark}{month}{mark}{years}"));
        }
        all
    }
}

/// 1940-01-01 and 2036-01-01.
const FIRST_DAY: i64 = -10_957;
const LAST_DAY: i64 = 24_106;
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Counting in text is faster than writing each number.
struct Decimal {
    text: [u8; 10],
    from: usize,
}

impl Decimal {
    fn of(number: u32) -> Self {
        let mut text = [b'0'; 10];
        text.copy_from_slice(format!("{number:010}").as_bytes());
        let from = text.iter().position(|digit| *digit != b'0').unwrap_or(9);
        Self { text, from }
    }

    fn digits(&self) -> &[u8] {
        &self.text[self.from..]
    }

    fn increment(&mut self) {
        for at in (0..10).rev() {
            if self.text[at] != b'9' {
                self.text[at] += 1;
                self.from = self.from.min(at);
                return;
            }
            self.text[at] = b'0';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_found_in_each_form() {
        let moment = 1_764_063_000;
        for form in ["2025-11-25T09:30:00Z", "2025-11-25 09:30", "202511250930", "2025-11-25T09:30:00.000Z"] {
            let key = Matcher::new(&sha256(form.as_bytes()));
            assert!(minutes(&key, moment / 60 - 3..moment / 60 + 3).is_some(), "{form}");
            assert!(minutes(&key, moment / 60 + 1..moment / 60 + 3).is_none(), "{form}");
        }
        let key = Matcher::new(&sha256(b"2025-11-25 09:30:07"));
        assert!(seconds(&key, moment..moment + 10).is_some() && seconds(&key, moment..moment + 7).is_none());
        for form in ["2025-11-25T09:30:07Z", "20251125093007"] {
            assert!(
                commonest_seconds(&Matcher::new(&sha256(form.as_bytes())), moment..moment + 10).is_some(),
                "{form}"
            );
        }
        let key = Matcher::new(&sha256(b"20251125_093007"));
        assert!(seconds(&key, moment..moment + 10).is_some() && commonest_seconds(&key, moment..moment + 10).is_none());
        let key = Matcher::new(&sha256(b"1764063000"));
        assert!(numbers(&key, moment - 9..moment + 1).is_some() && numbers(&key, moment - 9..moment).is_none());
        assert!(numbers(&Matcher::new(&sha256(b"100")), 0..101).is_some());
        for text in [&b"000042"[..], b"0042", b"42", b"314159"] {
            assert!(plain_numbers(&Matcher::new(&sha256(text)), 0..400_000).is_some());
        }
        let key = Matcher::new(&sha256(b"1764063000042"));
        assert!(
            milliseconds(&key, moment - 2..moment + 1).is_some()
                && milliseconds(&key, moment + 1..moment + 3).is_none()
        );
    }

    /// As `date`, C's `ctime` and HTTP write it; 2026-11-24 was a Tuesday.
    #[test]
    fn moments_and_days_are_written_as_programs_and_people_do() {
        let moment = Moment::of(1_795_512_607).expect("a moment");
        let forms = [&moment.few_forms()[..], &moment.more_forms()].concat();
        for form in [
            "Tue Nov 24 09:30:07 2026",
            "Tue, 24 Nov 2026 09:30:07 GMT",
            "2026-11-24T09:30:07+00:00",
            "20261124_093007",
        ] {
            assert!(forms.iter().any(|made| made == form), "{form}");
        }
        let days = moment.day_forms();
        for form in ["24.11.2026", "11/24/2026", "November 24, 2026", "24NOV2026", "241126", "2026-11", "1795512607"] {
            assert!(days.iter().any(|made| made == form), "{form}");
        }
        let first = Moment::of(86_400 * FIRST_DAY).expect("a moment");
        let last = Moment::of(86_400 * LAST_DAY).expect("a moment");
        assert_eq!((&first.text[..10], &last.text[..10]), ("1940-01-01", "2036-01-01"));
    }
}

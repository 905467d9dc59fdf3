//! Counts, sizes and spans of time as people write them: `16`, `"64MiB"`, `"30s"`.

pub(super) mod count {
    //! A number of things, at least one.

    use std::fmt;
    use std::num::NonZeroU32;

    use serde::de::{Error, Unexpected, Visitor};
    use serde::{Deserializer, Serializer};

    pub(in crate::config) fn serialize<S: Serializer>(count: &NonZeroU32, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(count.get())
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NonZeroU32, D::Error> {
        from.deserialize_i64(Count)
    }

    struct Count;

    impl Visitor<'_> for Count {
        type Value = NonZeroU32;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number of at least 1")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<NonZeroU32, E> {
            let count = u32::try_from(number).ok().and_then(NonZeroU32::new);
            count.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
        }
    }
}

pub(super) mod size {
    //! A number of bytes as text with a unit.

    use std::fmt;

    use bytesize::ByteSize;
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(in crate::config) fn serialize<S: Serializer>(bytes: &u64, to: S) -> Result<S::Ok, S::Error> {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let exact = units.iter().find(|(shift, _)| *bytes > 0 && bytes.is_multiple_of(1 << shift));
        match exact {
            Some((shift, unit)) => to.collect_str(&format_args!("{}{unit}", bytes >> shift)),
            None => to.collect_str(&format_args!("{bytes}B")),
        }
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        from.deserialize_str(Size)
    }

    struct Size;

    impl Visitor<'_> for Size {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a size with its unit, such as \"64MiB\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
            // A bare number would parse; a unit has to be said.
            let size =
                text.ends_with(|c: char| c.is_ascii_alphabetic()).then(|| text.parse::<ByteSize>().ok());
            let unknown =
                || E::custom(format!("`{text}` is not a size; write a number and a unit, such as 64MiB"));
            size.flatten().map(|size| size.as_u64()).ok_or_else(unknown)
        }
    }
}

pub(super) mod span {
    //! A span of time as text with a unit.

    use std::fmt;
    use std::time::Duration;

    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(in crate::config) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&humantime::format_duration(*span))
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        from.deserialize_str(Span)
    }

    struct Span;

    impl Visitor<'_> for Span {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a span of time with its unit, such as \"30s\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            let unknown =
                || format!("`{text}` is not a span of time; write a number and a unit, such as 500ms or 30s");
            humantime::parse_duration(text).map_err(|_| E::custom(unknown()))
        }
    }
}

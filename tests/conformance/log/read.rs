//! Reading: order, completeness, bites, ends.

use bytes::Bytes;
use wasmill_job::{Durability, Offset};
use wasmill_log::{Append, Bounds, Log};

use super::LogUnderTest;
use super::records::{EVERYTHING, append_text, at, read_all, record, texts};

pub(crate) async fn gives_back_what_was_stored<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 3);
    let every_byte: Bytes = (0..=255).collect();
    let append = Append { key: Some(every_byte.clone()), ..record(&of, every_byte.clone()) };
    let position = log.append(vec![append]).await.unwrap().remove(0);
    let stored = log.read(&of, position.offset, EVERYTHING).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].offset, position.offset);
    assert_eq!(stored[0].key.as_ref(), Some(&every_byte));
    assert_eq!(stored[0].value.as_ref(), Some(&every_byte));
}

pub(crate) async fn tells_empty_from_absent<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let fields = [None, Some(Bytes::new()), Some(Bytes::from_static(b"x"))];
    let all: Vec<_> =
        fields.iter().flat_map(|key| fields.iter().map(move |value| (key.clone(), value.clone()))).collect();
    let appends = all.iter().map(|(key, value)| Append {
        topic: of.topic.clone(),
        partition: of.partition,
        key: key.clone(),
        value: value.clone(),
        durability: Durability::Quorum,
    });
    log.append(appends.collect()).await.unwrap();
    let stored = read_all(&log, &of, EVERYTHING).await;
    assert_eq!(stored.into_iter().map(|record| (record.key, record.value)).collect::<Vec<_>>(), all);
}

pub(crate) async fn begins_anywhere<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let mut positions = Vec::new();
    for batch in 0..10 {
        let records = (0..7).map(|part| record(&of, format!("{batch}/{part}")));
        positions.extend(log.append(records.collect()).await.unwrap());
    }
    let all = read_all(&log, &of, EVERYTHING).await;
    assert_eq!(all.len(), positions.len());
    for (at, position) in positions.iter().enumerate() {
        let rest = log.read(&of, position.offset, EVERYTHING).await.unwrap();
        assert_eq!(rest[0], all[at]);
        assert!(all[at..].starts_with(&rest));
    }
}

pub(crate) async fn at_the_end_gives_nothing<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    append_text(&log, &of, "a").await;
    let next = log.bounds(&of).await.unwrap().next;
    assert_eq!(log.read(&of, next, EVERYTHING).await.unwrap(), Vec::new());
    append_text(&log, &of, "b").await;
    assert_eq!(texts(&log.read(&of, next, EVERYTHING).await.unwrap()), ["b"]);
}

pub(crate) async fn of_an_unknown_partition_gives_nothing<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 7);
    assert_eq!(log.read(&of, Offset(0), EVERYTHING).await.unwrap(), Vec::new());
    assert_eq!(log.bounds(&of).await.unwrap(), Bounds::default());
    assert_eq!(log.partitions().await.unwrap(), Vec::new(), "asking for a partition does not make it");
}

pub(crate) async fn in_bites_gives_each_record_once<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    for size in [0, 1, 10, 100, 1000, 5000] {
        let value = |number: usize| format!("{number}{}", "x".repeat(size));
        log.append((0..20).map(|number| record(&of, value(number))).collect()).await.unwrap();
    }
    let all = read_all(&log, &of, EVERYTHING).await;
    assert_eq!(all.len(), 120);
    assert!(all.is_sorted_by(|a, b| a.offset < b.offset));
    for bytes_max in [0, 1, 99, 1024, 4096, 1 << 20] {
        assert_eq!(read_all(&log, &of, bytes_max).await, all, "in bites of {bytes_max}");
    }
}

pub(crate) async fn behind_a_writer_sees_no_gap<T: LogUnderTest>() {
    const RECORDS: usize = 2000;
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let writing = tokio::spawn({
        let (log, of) = (log.clone(), of.clone());
        async move {
            for start in (0..RECORDS).step_by(10) {
                let records = (start..start + 10).map(|number| record(&of, number.to_string()));
                log.append(records.collect()).await.unwrap();
            }
        }
    });
    let (mut seen, mut next) = (Vec::new(), Offset(0));
    while seen.len() < RECORDS {
        log.arrived(&of, next).await;
        let bite = log.read(&of, next, 700).await.unwrap();
        next = bite.last().map_or(next, |last| last.offset.next());
        seen.extend(texts(&bite));
    }
    writing.await.unwrap();
    let expected: Vec<_> = (0..RECORDS).map(|number| number.to_string()).collect();
    assert_eq!(seen, expected);
}

pub(crate) async fn tells_bounds<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let positions = log.append(vec![record(&of, "a"), record(&of, "b")]).await.unwrap();
    let bounds = log.bounds(&of).await.unwrap();
    assert!(bounds.first <= positions[0].offset);
    assert!(bounds.next > positions[1].offset);
    let third = append_text(&log, &of, "c").await;
    assert!(third >= bounds.next);
}

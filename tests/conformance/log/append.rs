//! Storing records: positions, partitions, all or none, many at once.

use std::collections::HashMap;

use wasmill_job::Offset;
use wasmill_log::{AppendError, Log};

use super::LogUnderTest;
use super::records::{EVERYTHING, append_text, at, read_all, record, texts};

pub(crate) async fn answers_positions_in_the_order_of_the_records<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let (zero, one) = (at(&under_test.topic("mail").await, 0), at(&under_test.topic("mail").await, 1));
    let batch = vec![record(&zero, "a"), record(&one, "b"), record(&zero, "c"), record(&one, "d")];
    let positions = log.append(batch).await.unwrap();
    for (position, (of, text)) in positions.iter().zip([(&zero, "a"), (&one, "b"), (&zero, "c"), (&one, "d")])
    {
        assert_eq!(position.topic_partition(), *of);
        let stored = log.read(of, position.offset, 1).await.unwrap();
        assert_eq!(stored[0].offset, position.offset);
        assert_eq!(texts(&stored[..1]), [text]);
    }
    assert!(positions[0].offset < positions[2].offset);
    assert!(positions[1].offset < positions[3].offset);
}

pub(crate) async fn of_nothing_answers_nothing<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    assert_eq!(log.append(Vec::new()).await.unwrap(), Vec::new());
    assert_eq!(log.append_each(Vec::new()).await, Vec::new());
}

pub(crate) async fn keeps_partitions_and_topics_apart<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let all = [
        at(&under_test.topic("a").await, 0),
        at(&under_test.topic("a").await, 1),
        at(&under_test.topic("a").await, 10),
        at(&under_test.topic("a.b").await, 0),
        at(&under_test.topic("b").await, 0),
    ];
    for of in &all {
        append_text(&log, of, &of.to_string()).await;
    }
    for of in &all {
        assert_eq!(texts(&read_all(&log, of, EVERYTHING).await), [of.to_string()]);
    }
    let known = log.partitions().await.unwrap();
    assert!(all.iter().all(|of| known.contains(of)), "{known:?}");
}

pub(crate) async fn stores_all_or_none<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let (zero, one) = (at(&under_test.topic("mail").await, 0), at(&under_test.topic("mail").await, 1));
    append_text(&log, &zero, "before").await;
    let before = log.bounds(&zero).await.unwrap();
    let too_large = vec![0; T::RECORD_BYTES_MAX + 1];
    let batch = vec![record(&zero, "a"), record(&one, "b"), record(&zero, too_large)];
    let refused = log.append(batch).await.unwrap_err();
    let bytes_max = T::RECORD_BYTES_MAX;
    assert_eq!(refused, AppendError::TooLarge { bytes: bytes_max + 1, bytes_max });
    assert_eq!(log.bounds(&zero).await.unwrap(), before);
    assert_eq!(texts(&read_all(&log, &zero, EVERYTHING).await), ["before"]);
    assert_eq!(read_all(&log, &one, EVERYTHING).await, Vec::new());
}

pub(crate) async fn refuses_what_is_too_large_by_itself<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let (zero, one) = (at(&under_test.topic("mail").await, 0), at(&under_test.topic("mail").await, 1));
    let too_large = vec![0; T::RECORD_BYTES_MAX + 1];
    let batch = vec![record(&zero, "a"), record(&zero, too_large), record(&one, "b"), record(&zero, "c")];
    let fates = log.append_each(batch).await;
    assert_eq!(fates.len(), 4);
    assert!(matches!(fates[1], Err(AppendError::TooLarge { .. })), "{:?}", fates[1]);
    for (fate, text) in [(&fates[0], "a"), (&fates[2], "b"), (&fates[3], "c")] {
        let position = fate.as_ref().unwrap();
        let stored = log.read(&position.topic_partition(), position.offset, 1).await.unwrap();
        assert_eq!(texts(&stored[..1]), [text]);
    }
    assert_eq!(texts(&read_all(&log, &zero, EVERYTHING).await), ["a", "c"]);
}

pub(crate) async fn stores_records_up_to_the_largest<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let largest: Vec<u8> = (0..T::RECORD_BYTES_MAX).map(|at| (at % 251) as u8).collect();
    log.append(vec![record(&of, "before"), record(&of, largest.clone()), record(&of, "after")])
        .await
        .unwrap();
    let stored = read_all(&log, &of, 1).await;
    let sizes: Vec<_> = stored.iter().map(|record| record.value.as_ref().unwrap().len()).collect();
    assert_eq!(sizes, [6, T::RECORD_BYTES_MAX, 5]);
    assert_eq!(stored[1].value.as_ref().unwrap(), &largest);
}

pub(crate) async fn stores_batches_larger_than_any_chunk<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let value = |number: u32| [number.to_string().as_bytes(), &[b'.'; 1000]].concat();
    let positions = log.append((0..20_000).map(|number| record(&of, value(number))).collect()).await.unwrap();
    let stored = read_all(&log, &of, 64 << 10).await;
    assert_eq!(stored.len(), 20_000);
    for (number, (stored, position)) in (0..).zip(stored.iter().zip(&positions)) {
        assert_eq!(stored.offset, position.offset);
        assert_eq!(stored.value.as_deref(), Some(&value(number)[..]));
    }
}

pub(crate) async fn by_many_at_once_loses_and_mixes_nothing<T: LogUnderTest>() {
    const APPENDERS: usize = 16;
    const BATCHES: usize = 30;
    let under_test = T::fresh().await;
    let topic = under_test.topic("mail").await;
    let appenders: Vec<_> = (0..APPENDERS)
        .map(|appender| {
            let (log, topic) = (under_test.log(), topic.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for batch in 0..BATCHES {
                    let text = |part: usize| format!("{appender}/{batch}/{part}");
                    let parts = 1 + batch % 5;
                    let records = (0..parts).map(|part| record(&at(&topic, part as u32 % 2), text(part)));
                    let positions = log.append(records.collect()).await.unwrap();
                    acknowledged.extend(positions.into_iter().zip((0..parts).map(text)));
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = HashMap::new();
    for appender in appenders {
        let mut last = [None::<Offset>; 2];
        for (position, text) in appender.await.unwrap() {
            let last = &mut last[position.partition.0 as usize];
            assert!(last.is_none_or(|last| last < position.offset), "an appender's records keep their order");
            *last = Some(position.offset);
            assert!(acknowledged.insert(position, text).is_none(), "a position is given once");
        }
    }
    let mut found = 0;
    for partition in 0..2 {
        let of = at(&topic, partition);
        for stored in read_all(&under_test.log(), &of, 500).await {
            assert_eq!(texts(std::slice::from_ref(&stored))[0], acknowledged[&of.at(stored.offset)]);
            found += 1;
        }
    }
    assert_eq!(found, acknowledged.len());
}

pub(crate) async fn goes_on_when_the_caller_gives_up<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    for number in 0..100 {
        let (log, of) = (log.clone(), of.clone());
        let appending = tokio::spawn(async move { append_text(&log, &of, &number.to_string()).await });
        tokio::task::yield_now().await;
        appending.abort();
    }
    append_text(&log, &of, "last").await;
    let stored = texts(&read_all(&log, &of, EVERYTHING).await);
    // One that was given up while it was being stored may come after it.
    assert!(stored.iter().any(|text| text == "last"), "{stored:?}");
    let mut once = stored.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), stored.len(), "given up or not, a record stands there at most once");
}

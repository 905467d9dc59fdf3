//! Damage on the disk is refused by name, at the latest when it is read; never skipped, never taken for records.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::support::{dead, floor, keyed, mail, open, read_all, record};
use redb::ReadableTable;
use tempfile::TempDir;
use wasmill_job::TopicPartition;
use wasmill_log::{EmbeddedLog, Log, OpenError, ReadError, Stored};

/// What a log holds.
type Contents = Vec<(TopicPartition, wasmill_job::Progress, Vec<Stored>)>;

const FILE: &str = "log.redb";

async fn fill(log: &EmbeddedLog) {
    for batch in 0..30_usize {
        let records =
            (0..20).map(|part| record(&mail(part % 3), format!("{batch}/{part}").repeat(1 + batch)));
        log.append(records.collect()).await.unwrap();
        log.append(vec![keyed(&dead(), &batch.to_string(), Some(vec![batch as u8; 3000]))]).await.unwrap();
        log.commit(&mail(1), floor(batch as u64)).await.unwrap();
    }
}

async fn contents(log: &EmbeddedLog) -> Result<Contents, ReadError> {
    let mut contents = Vec::new();
    for of in log.partitions().await? {
        contents.push((of.clone(), log.committed(&of).await?, read_all(log, &of).await?));
    }
    Ok(contents)
}

/// A filled log, closed in order or as a killed process leaves it; and what it holds.
async fn filled(in_order: bool) -> (TempDir, Contents) {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path()).unwrap();
    fill(&log).await;
    let expected = contents(&log).await.unwrap();
    assert_eq!(expected.len(), 4);
    if in_order {
        log.close().await;
        (dir, expected)
    } else {
        (copy(dir.path()), expected)
    }
}

fn copy(of: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for entry in fs::read_dir(of).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

/// What became of a damaged log.
#[derive(Debug, PartialEq)]
enum End {
    /// It was refused by name, when it was opened or when the damaged place was read.
    Refused,
    /// The damage hit nothing that is in use: all that was acknowledged is there.
    Unharmed,
}

/// Opens and reads a log whose file was damaged. Anything but the two ends is a failure.
async fn end_of(dir: &Path, expected: &Contents, what: &str) -> End {
    let path = dir.join(FILE);
    let found = match open(dir) {
        Ok(log) => contents(&log).await,
        Err(OpenError::Corrupt { path, detail }) => {
            Err(ReadError::Corrupt { path: path.display().to_string(), detail })
        }
        Err(error) => panic!("{what}: {error}"),
    };
    match found {
        Ok(found) => {
            assert_eq!(found, *expected, "{what}");
            End::Unharmed
        }
        Err(ReadError::Corrupt { path: named, detail }) => {
            assert_eq!(PathBuf::from(named), path, "{what}");
            assert!(!detail.is_empty(), "{what}");
            End::Refused
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused() {
    for in_order in [true, false] {
        let (dir, expected) = filled(in_order).await;
        let bytes = fs::metadata(dir.path().join(FILE)).unwrap().len();
        for left in [0, 1, 63, 64, 320, 4095, 4096, 8192, bytes / 4, bytes / 2, bytes - 4096, bytes - 1] {
            let cut = copy(dir.path());
            OpenOptions::new().write(true).open(cut.path().join(FILE)).unwrap().set_len(left).unwrap();
            let what = format!("cut to {left} of {bytes} bytes, in_order: {in_order}");
            let end = end_of(cut.path(), &expected, &what).await;
            // The last pages of the file may be free.
            assert!(end == End::Refused || left > bytes / 2, "{what}: {end:?}");
        }
    }
}

#[tokio::test]
async fn a_file_of_something_else_is_refused() {
    for text in [&b"x"[..], b"{\"not\": \"a log\"}", &[0; 9000], &[0xff; 9000]] {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join(FILE), text).unwrap();
        assert_eq!(end_of(dir.path(), &Contents::new(), "garbage").await, End::Refused);
    }
}

#[tokio::test]
async fn flipped_bits_never_pass_for_records() {
    for in_order in [true, false] {
        let (dir, expected) = filled(in_order).await;
        let file = fs::read(dir.path().join(FILE)).unwrap();
        let used: Vec<usize> = (0..file.len()).filter(|at| file[*at] != 0).collect();
        // The file's head, and places all over the rest.
        let head = used.iter().copied().filter(|at| *at < 512).step_by(2);
        let rest = used.iter().copied().filter(|at| *at >= 512).step_by(1 + used.len() / 100);
        let mut refused = 0;
        for (round, at) in head.chain(rest).enumerate() {
            let damaged = copy(dir.path());
            let out = OpenOptions::new().write(true).open(damaged.path().join(FILE)).unwrap();
            out.write_all_at(&[file[at] ^ (1 << (round % 8))], at as u64).unwrap();
            let what = format!("byte {at}, in_order: {in_order}");
            refused += usize::from(end_of(damaged.path(), &expected, &what).await == End::Refused);
        }
        assert!(refused > 50, "{refused} refused");
    }
}

/// The engine checks pages when it opens; later only the log's own checksum can see damage.
#[tokio::test]
async fn damage_that_comes_while_the_log_is_open_is_named_when_it_is_read() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path()).unwrap();
    let marker = b"the record that will be damaged";
    log.append(vec![record(&mail(0), "first")]).await.unwrap();
    log.append(vec![record(&mail(0), [&[b'.'; 100_000][..], marker].concat())]).await.unwrap();
    // More than the caches hold.
    for _ in 0..90 {
        log.append(vec![record(&mail(1), vec![7; 1 << 20])]).await.unwrap();
    }
    let path = dir.path().join(FILE);
    let file = fs::read(&path).unwrap();
    let at = file.windows(marker.len()).position(|window| window == marker).unwrap();
    OpenOptions::new().write(true).open(&path).unwrap().write_all_at(b"T", at as u64).unwrap();

    let first = log.read(&mail(0), wasmill_job::Offset(0), 1).await.unwrap();
    assert_eq!(super::support::text(&first[0]), "first");
    let error = log.read(&mail(0), wasmill_job::Offset(1), 1).await.unwrap_err();
    let ReadError::Corrupt { path: named, detail } = &error else { panic!("{error}") };
    assert_eq!(PathBuf::from(named), path);
    assert!(detail.contains("wasmill.q.mail.1/0/1"), "{detail}");
    assert!(detail.contains("checksum"), "{detail}");
    // It stays damaged, and the rest stays readable.
    assert!(log.read(&mail(0), wasmill_job::Offset(1), 1).await.is_err());
    assert_eq!(read_all(&log, &mail(1)).await.unwrap().len(), 90);
    log.append(vec![record(&mail(1), "more")]).await.unwrap();
}

#[tokio::test]
async fn a_missing_chunk_is_not_taken_for_a_gap() {
    let (dir, _) = filled(true).await;
    let chunks = redb::TableDefinition::<(&str, u32, u64), &[u8]>::new("chunks");
    let db = redb::Database::open(dir.path().join(FILE)).unwrap();
    let transaction = db.begin_write().unwrap();
    {
        let mut table = transaction.open_table(chunks).unwrap();
        let of = "wasmill.q.mail.1";
        let second = table.range((of, 0, 1)..).unwrap().next().unwrap().unwrap().0.value().2;
        table.remove((of, 0, second)).unwrap();
        let last = table.range((of, 1, 0)..(of, 2, 0)).unwrap().next_back().unwrap().unwrap().0.value().2;
        table.remove((of, 1, last)).unwrap();
    }
    transaction.commit().unwrap();
    drop(db);
    let log = open(dir.path()).unwrap();
    for partition in [0, 1] {
        let error = read_all(&log, &mail(partition)).await.unwrap_err();
        let ReadError::Corrupt { detail, .. } = &error else { panic!("{error}") };
        assert!(detail.contains("are missing"), "{detail}");
    }
    assert!(read_all(&log, &mail(2)).await.is_ok());
}

#[tokio::test]
async fn an_older_state_than_was_acknowledged_is_refused() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path()).unwrap();
    log.append(vec![record(&mail(0), "kept")]).await.unwrap();
    let older = copy(dir.path());
    log.append(vec![record(&mail(0), "acknowledged")]).await.unwrap();
    log.close().await;
    fs::copy(older.path().join(FILE), dir.path().join(FILE)).unwrap();
    let refused = open(dir.path()).unwrap_err().to_string();
    assert!(refused.contains("commit 2 was acknowledged"), "{refused}");
    // The way out that the message names.
    fs::remove_file(dir.path().join("log.acked")).unwrap();
    assert_eq!(read_all(&open(dir.path()).unwrap(), &mail(0)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_newer_layout_is_refused() {
    let (dir, _) = filled(true).await;
    let meta = redb::TableDefinition::<&str, &[u8]>::new("meta");
    let db = redb::Database::open(dir.path().join(FILE)).unwrap();
    let transaction = db.begin_write().unwrap();
    transaction.open_table(meta).unwrap().insert("layout", 2_u32.to_be_bytes().as_slice()).unwrap();
    transaction.commit().unwrap();
    drop(db);
    let refused = open(dir.path()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 2, newest: 1, .. }), "{refused}");
}

#[tokio::test]
async fn a_log_that_was_not_finished_when_it_was_made_is_made_again() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("log.redb.new"), b"half").unwrap();
    let log = open(dir.path()).unwrap();
    log.append(vec![record(&mail(0), "a")]).await.unwrap();
    assert!(!dir.path().join("log.redb.new").exists());
}

#[tokio::test]
async fn a_log_keeps_its_identity_and_another_has_another() {
    let (dir, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let log = open(dir.path()).unwrap();
    let identity = log.identity();
    assert_ne!(open(other.path()).unwrap().identity(), identity);
    log.close().await;
    assert_eq!(open(dir.path()).unwrap().identity(), identity);
    // Moved away, as the message about damage advises: an empty log begins, and it is another one.
    fs::remove_file(dir.path().join(FILE)).unwrap();
    let log = open(dir.path()).unwrap();
    assert_ne!(log.identity(), identity);
    assert!(log.partitions().await.unwrap().is_empty());
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a file");
    File::create(&file).unwrap();
    let refused = open(&file.join("log")).unwrap_err();
    assert!(refused.to_string().contains(&file.join("log").display().to_string()), "{refused}");
}

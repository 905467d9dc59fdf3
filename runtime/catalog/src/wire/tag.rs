//! A module's tag in the store: which digest it points to, for ever.

use serde::{Deserialize, Serialize};
use wasmill_job::{ModuleDigest, ModuleTag};

use super::{Unreadable, VERSION, check_version, not_json};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagV1 {
    v: u32,
    tag: ModuleTag,
    digest: ModuleDigest,
}

/// The bytes of the tag's file.
pub(crate) fn write_tag(tag: &ModuleTag, digest: ModuleDigest) -> Vec<u8> {
    let tag = TagV1 { v: VERSION, tag: tag.clone(), digest };
    #[expect(clippy::unwrap_used, reason = "texts and a number: nothing in it can fail to become JSON")]
    serde_json::to_vec(&tag).unwrap()
}

/// The digest that the file of `tag` names.
pub(crate) fn read_tag(tag: &ModuleTag, bytes: &[u8]) -> Result<ModuleDigest, Unreadable> {
    check_version(bytes)?;
    let found: TagV1 = serde_json::from_slice(bytes).map_err(not_json)?;
    if found.tag != *tag {
        return Err(Unreadable::Damaged(format!("it is the file of tag {}", found.tag)));
    }
    Ok(found.digest)
}

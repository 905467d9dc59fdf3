//! Reads what scripts answer.

use redis::Value;

use super::trouble::Trouble;

/// The values of an answer, one after the other.
pub(super) struct Reply(std::vec::IntoIter<Value>);

impl Reply {
    /// # Errors
    /// When the answer is not a list.
    pub(super) fn list(value: Value) -> Result<Self, Trouble> {
        match value {
            Value::Array(values) => Ok(Self(values.into_iter())),
            other => Err(Trouble::nonsense(&format!("no list but {other:?}"))),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// The next value's bytes.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Trouble> {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            Some(Value::SimpleString(text)) => Ok(text.into_bytes()),
            Some(Value::Int(number)) => Ok(number.to_string().into_bytes()),
            other => Err(Trouble::nonsense(&format!("no text but {other:?}"))),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, Trouble> {
        String::from_utf8(self.bytes()?).map_err(|_| Trouble::nonsense("a text that is not UTF-8"))
    }

    /// A number of at least nothing, written as an integer or as text.
    pub(super) fn number(&mut self) -> Result<u64, Trouble> {
        self.maybe_number()?.ok_or_else(|| Trouble::nonsense("a missing number"))
    }

    /// A number, or nothing where the text is empty or the number below nothing.
    pub(super) fn maybe_number(&mut self) -> Result<Option<u64>, Trouble> {
        let text = self.text()?;
        if text.is_empty() || text.starts_with('-') {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| Trouble::nonsense(&format!("no number but {text}")))
    }
}

/// A value's text, if it has one.
pub(super) fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

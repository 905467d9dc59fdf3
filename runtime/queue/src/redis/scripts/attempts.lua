-- What is known of the attempts of a job that failed; Rust writes and reads it (`redis/attempts.rs`), and the scripts move it on.
-- Part of what the scripts share.
--
-- An entry is an attempt's number 2, when it ended 6, and behind its length what is kept of it. Of a live job: SEVERAL, the last
-- one's entry, behind its length what is kept of it later ('' : all of it), then the entries of those before, oldest first. Of
-- one that ended: SEVERAL, behind its length what is known of its last attempt, then such entries. What begins otherwise is
-- the last attempt alone.
local SEVERAL, ENTRY_BYTES = '\128\0', 12
local EARLIER_MAX = 8

local function entry(attempts, ended, row) return pack('>I2I6', attempts, ended) .. text(row) end

-- The entries that are left of the attempts in `known` when another one follows: only the newest.
local function earlier_of(known)
  if not known or string.sub(known, 1, 2) ~= SEVERAL then return '' end
  local attempts, ended, bytes = unpack_('>I2I6I4', known, 3)
  local at = 3 + ENTRY_BYTES + bytes
  local row, short_bytes = string.sub(known, 3 + ENTRY_BYTES, at - 1), unpack_('>I4', known, at)
  if short_bytes > 0 then row = string.sub(known, at + 4, at + 3 + short_bytes) end
  local before, count = string.sub(known, at + 4 + short_bytes), 0
  at = 1
  while at <= #before do
    at, count = at + ENTRY_BYTES + unpack_('>I4', before, at + 8), count + 1
  end
  if count >= EARLIER_MAX then before = string.sub(before, 1 + ENTRY_BYTES + unpack_('>I4', before, 9)) end
  return before .. entry(attempts, ended, row)
end

-- Those of a live job that is tried again, after it failed once more.
local function failed_again(known, attempts, row, short)
  return SEVERAL .. entry(attempts, now, row) .. text(short) .. earlier_of(known)
end

-- Those of a job that ended.
local function attempts_at_end(known, last)
  local earlier = earlier_of(known)
  if earlier == '' then return last end
  return SEVERAL .. text(last) .. earlier
end

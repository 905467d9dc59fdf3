-- Dead letters, and the end of jobs by a wish to cancel them. Part of what the scripts share.

-- Takes a dead letter out. If the log is owed it, what stands there instead pays: its offset is settled.
local function drop_letter(letter)
  local known = call('HGET', P .. 'di', letter)
  if not known then return false end
  local no, _, _, debt, where = unpack_(LETTER, known)
  if debt > 0 then
    -- Settled first, here and below: of a file whose end was torn off in between something comes back that had ended, while
    -- an offset that nothing settles any more would hold the floor for ever. And the debt before the letter: one without its
    -- letter could never be paid.
    local field = fmt('%d', debt)
    local owed = call('HGET', P .. 'od', field)
    if owed then
      local lane, offset = unpack_('>I2I6', owed)
      mark_settled({ [lane] = { offset } })
    end
    call('HDEL', P .. 'od', field)
    call('ZREM', P .. 'o', field)
  end
  call('HDEL', P .. 'd', letter)
  call('HDEL', P .. 'di', letter)
  call('ZREM', P .. 'dx', letter)
  if #known > LETTER_BYTES then call('HDEL', P .. 'dk', string.sub(known, LETTER_BYTES + 1)) end
  if no ~= NO_TYPE then
    call('ZREM', P .. 'dx:' .. no, letter)
    add(no, 'dead', -1)
    if where == 2 then add(no, 'kept', -1) end
    if where == 1 then add(no, 'owed', -1) end
  end
  return true
end

-- The number of a new debt: above all that were given, also by a queue that was lost or rolled back since, whose debts somebody may
-- still be about to pay: 64 for each millisecond since 1970, which six bytes hold until 2109.
local function number_of_debt()
  local number = max(tonumber(call('HGET', P .. 'c', 'serial') or 0) + 1, now * 64)
  call('HSET', P .. 'c', 'serial', fmt('%d', number))
  return number
end

-- Nothing is owed for a letter any more: the log has it, or has another copy of its job. The letter says so before the debt
-- goes: one that names a debt that is not there counts as written by half.
local function no_debt(debt, letter)
  local index = call('HGET', P .. 'di', letter)
  if index then
    local no, redrives, died, _, where = unpack_(LETTER, index)
    call('HSET', P .. 'di', letter, pack(LETTER, no, redrives, died, 0, 0) .. string.sub(index, LETTER_BYTES + 1))
    if where == 1 then add(no, 'owed', -1) end
  end
  call('HDEL', P .. 'od', debt)
  call('ZREM', P .. 'o', debt)
end

-- Shows a dead letter; `key` is its job's, or empty.
local function put_letter(letter, key, no, redrives, died, debt, where, value)
  drop_letter(letter)
  call('HSET', P .. 'd', letter, value)
  call('HSET', P .. 'di', letter, pack(LETTER, no, redrives, died, debt, where) .. key)
  call('ZADD', P .. 'dx', 0, letter)
  if key ~= '' then call('HSET', P .. 'dk', key, letter) end
  if no ~= NO_TYPE then
    call('ZADD', P .. 'dx:' .. no, 0, letter)
    add(no, 'dead', 1)
    if where == 2 then add(no, 'kept', 1) end
    if where == 1 then add(no, 'owed', 1) end
  end
end

-- The attempts of a live job so far.
local function attempts_of(key)
  local claim = call('HGET', P .. 'f', key)
  if claim then return (unpack_(CLAIM, claim, 9)) end
  local tried = call('HGET', P .. 'a', key)
  return tried and (unpack_(TRIED, tried)) or 0
end

-- Takes a live job of this type out of wherever it is. A pending one leaves a tombstone, an empty value, which take throws
-- away when it comes to it: a list has no cheap removal.
local function take_out(key, no)
  if call('HDEL', P .. 'f', key) == 1 then
    call('ZREM', P .. 'l', key)
    call('HDEL', P .. 'j', key)
    add(no, 'infl', -1)
  elseif call('ZREM', P .. 'z', key) == 1 then
    call('HDEL', P .. 'j', key)
    add(no, 'sched', -1)
  else
    call('HSET', P .. 'j', key, '')
    add(no, 'pend', -1)
    add(no, 'ghost', 1)
  end
  call('HDEL', P .. 'a', key)
  call('HDEL', P .. 'e', key)
end

-- How long it is shown that a job was cancelled, in ms.
local KEEP_CANCELLED = 3600000
-- Cancels a live job; whether there was one.
local function cancel(key)
  local record = call('HGET', P .. 'j', key)
  if not record or record == '' then return false end
  local no, lane, flags, generation, redrives, window, accepted, offset = unpack_(HEADER, record)
  if lane > 0 then mark_settled({ [lane] = { offset } }) end
  -- And what is known of it afterwards, before it is taken out: torn off in between, it would be forgotten.
  if window > 0 and flags >= 4 then call('ZADD', P .. 'm', mark_of(window, redrives), key) end
  if not core.full then
    local ends = now + KEEP_CANCELLED
    local attempts = attempts_of(key)
    local known = attempts > 0 and attempts_at_end(call('HGET', P .. 'e', key), '') or ''
    keep_results({ key, result_of(1, attempts, no, generation, accepted, ends, known, '') }, { fmt('%d', ends), key })
  end
  take_out(key, no)
  add(no, 'canc', 1)
  return true
end

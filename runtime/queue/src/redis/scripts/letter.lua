-- Dead letters, and the end of jobs by a wish to cancel them. Part of what the scripts share.

-- Takes a dead letter out. If the log is owed it, what stands there instead pays: its offset is settled.
local function drop_letter(letter)
  local known = call('HGET', P .. 'di', letter)
  if not known then return false end
  local no, _, _, debt, where = unpack_(LETTER, known)
  if debt > 0 then
    -- Settled first, here and below: of a file whose end was torn off in between something comes back that had ended, while
    -- an offset that nothing settles any more would hold the floor for ever.
    local owed = call('HGET', P .. 'od', fmt('%d', debt))
    if owed then
      local lane, offset = unpack_('>I2I6', owed)
      mark_settled({ [lane] = { offset } })
    end
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
  if debt > 0 then
    call('ZREM', P .. 'o', fmt('%d', debt))
    call('HDEL', P .. 'od', fmt('%d', debt))
  end
  return true
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

-- Takes a live job out of wherever it is: its attempts, or nil when there is none. A pending one leaves a
-- tombstone, an empty value, which take throws away when it comes to it: a list has no cheap removal.
local function take_out(key)
  local record = call('HGET', P .. 'j', key)
  if not record or record == '' then return nil end
  local header = { unpack_(HEADER, record) }
  local no, attempts = header[1], 0
  local claim, tried = call('HGET', P .. 'f', key), call('HGET', P .. 'a', key)
  if claim then
    attempts = unpack_(CLAIM, claim, 9)
    call('HDEL', P .. 'f', key)
    call('ZREM', P .. 'l', key)
    call('HDEL', P .. 'j', key)
    add(no, 'infl', -1)
  else
    if tried then attempts = unpack_(TRIED, tried) end
    if call('ZREM', P .. 'z', key) == 1 then
      call('HDEL', P .. 'j', key)
      add(no, 'sched', -1)
    else
      call('HSET', P .. 'j', key, '')
      add(no, 'pend', -1)
      add(no, 'ghost', 1)
    end
  end
  call('HDEL', P .. 'a', key)
  call('HDEL', P .. 'e', key)
  return attempts
end

-- How long it is shown that a job was cancelled, in ms.
local KEEP_CANCELLED = 3600000
-- Cancels a live job; whether there was one.
local function cancel(key)
  local record = call('HGET', P .. 'j', key)
  if not record or record == '' then return false end
  local no, lane, flags, generation, redrives, window, accepted, offset = unpack_(HEADER, record)
  if lane > 0 then mark_settled({ [lane] = { offset } }) end
  local attempts = take_out(key)
  if window > 0 and flags >= 4 then call('ZADD', P .. 'm', mark_of(window, redrives), key) end
  if not core.full then
    local ends = now + KEEP_CANCELLED
    keep_results({ key, result_of(1, attempts, no, generation, accepted, ends, '', '') }, { fmt('%d', ends), key })
  end
  add(no, 'canc', 1)
  return true
end

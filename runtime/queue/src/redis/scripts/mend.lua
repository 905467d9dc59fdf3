#!lua flags=allow-oom
-- Mend: puts jobs in doubt into exactly one place, and counts anew. Redis writes a script's effects as one transaction,
-- but a file whose end was torn off inside one may be loaded with half of it: then a job can be in no place, or in two.
--
-- KEYS  core
-- ARGV  the keys of jobs in doubt; without any, everything is counted anew
-- Gives how many were put right
-- Cost  O(pending) per job, of all types for one that is no more; without jobs O(everything), in one step: only after a
--       restart, and only if the check found something
begin()
local last = tonumber(call('HGET', P .. 'c', 'types') or 0) - 1
local mended = 0
for _, key in ipairs(ARGV) do
  local record = call('HGET', P .. 'j', key)
  if not record or record == '' then
    -- It is no more. A half transaction that was loaded late may have put it into a list twice, of which one is left; and a
    -- tombstone is there only for its place in a list.
    call('HDEL', P .. 'f', key)
    call('ZREM', P .. 'l', key)
    call('ZREM', P .. 'z', key)
    for no = 0, last do
      for priority = 0, 3 do call('LREM', list_of(no, priority), 0, key) end
    end
    call('HDEL', P .. 'j', key)
  else
    local no, _, flags = unpack_(HEADER, record)
    for priority = 0, 3 do
      if call('LPOS', list_of(no, priority), key) then call('LREM', list_of(no, priority), 0, key) end
    end
    local claimed = call('HEXISTS', P .. 'f', key) == 1 and call('ZSCORE', P .. 'l', key)
    local due = call('ZSCORE', P .. 'z', key)
    if claimed then
      call('ZREM', P .. 'z', key)
    else
      local claim = call('HGET', P .. 'f', key)
      call('HDEL', P .. 'f', key)
      call('ZREM', P .. 'l', key)
      if claim then
        -- The attempt was begun: it counts, and perhaps it was the job that took its worker down.
        call('HSET', P .. 'a', key, pack(TRIED, (unpack_(CLAIM, claim, 9)), 1, no, flags % 4) .. string.sub(claim, CLAIM_BYTES + 1))
      end
      if not (due and call('HEXISTS', P .. 'a', key) == 1) then
        call('ZREM', P .. 'z', key)
        call('RPUSH', list_of(no, flags % 4), key)
      end
    end
  end
  mended = mended + 1
end
if #ARGV > 0 then return mended end

local function pages(command, key, each)
  local cursor = '0'
  repeat
    local page = call(command, key, cursor, 'COUNT', 1000)
    cursor = page[1]
    for at = 1, #page[2], 2 do each(page[2][at], page[2][at + 1]) end
  until cursor == '0'
end
for no = 0, last do
  local t = touch(no)
  t.pend, t.ghost, t.sched, t.infl, t.dead, t.kept, t.owed, t.place = 0, 0, 0, 0, 0, 0, 0, 0
  call('ZREM', P .. 'y', no)
  call('ZREM', P .. 'h', no)
  call('ZREM', P .. 'g', no)
  t.is_litter = false
  for priority = 0, 3 do
    local from = 0
    repeat
      local keys = call('LRANGE', list_of(no, priority), from, from + 999)
      if #keys > 0 then
        for _, record in ipairs(call('HMGET', P .. 'j', unpack(keys))) do
          if record and record ~= '' then t.pend = t.pend + 1 else t.ghost = t.ghost + 1 end
        end
      end
      from = from + #keys
    until #keys == 0
  end
end
pages('HSCAN', P .. 'f', function(_, claim)
  local _, no = unpack_(CLAIM, claim, 9)
  add(no, 'infl', 1)
end)
pages('ZSCAN', P .. 'z', function(key)
  local tried = call('HGET', P .. 'a', key)
  if tried then
    local _, _, no = unpack_(TRIED, tried)
    add(no, 'sched', 1)
  end
end)
-- Letters whose second half is missing: their jobs are still alive, and will die again.
pages('HSCAN', P .. 'd', function(letter)
  if call('HEXISTS', P .. 'di', letter) == 0 or not call('ZSCORE', P .. 'dx', letter) then
    call('HDEL', P .. 'd', letter)
    call('HDEL', P .. 'di', letter)
    call('ZREM', P .. 'dx', letter)
    for no = 0, last do call('ZREM', P .. 'dx:' .. no, letter) end
  end
end)
pages('HSCAN', P .. 'di', function(letter, index)
  local no, _, _, debt, where = unpack_(LETTER, index)
  local key = string.sub(index, LETTER_BYTES + 1)
  local record = key ~= '' and call('HGET', P .. 'j', key)
  -- A letter whose job is still alive, or whose debt was not written: its bury was torn, and the job will die again.
  local torn = (record and record ~= '') or (debt > 0 and call('HEXISTS', P .. 'od', fmt('%d', debt)) == 0)
  if torn or call('HEXISTS', P .. 'd', letter) == 0 then
    call('HDEL', P .. 'd', letter)
    call('HDEL', P .. 'di', letter)
    if key ~= '' then call('HDEL', P .. 'dk', key) end
    if debt > 0 then
      call('HDEL', P .. 'od', fmt('%d', debt))
      call('ZREM', P .. 'o', fmt('%d', debt))
    end
    call('ZREM', P .. 'dx', letter)
    if no ~= NO_TYPE then call('ZREM', P .. 'dx:' .. no, letter) end
  elseif no ~= NO_TYPE then
    call('ZADD', P .. 'dx:' .. no, 0, letter)
    add(no, 'dead', 1)
    if where == 2 then add(no, 'kept', 1) end
    if where == 1 then add(no, 'owed', 1) end
  end
end)
-- What is left of a letter that is no more, by its order, its type, its job.
local function is_gone(letter) return call('HEXISTS', P .. 'di', letter) == 0 end
local orders = { P .. 'dx' }
for no = 0, last do orders[no + 2] = P .. 'dx:' .. no end
for _, order in ipairs(orders) do
  pages('ZSCAN', order, function(letter) if is_gone(letter) then call('ZREM', order, letter) end end)
end
pages('HSCAN', P .. 'dk', function(key, letter) if is_gone(letter) then call('HDEL', P .. 'dk', key) end end)
-- Paying twice does no harm; a debt that nobody asks for would keep the floor where it is. One that its letter does not name any
-- more was paid; one without a letter never can be, and its job is alive.
pages('HSCAN', P .. 'od', function(debt, owed)
  local index = call('HGET', P .. 'di', string.sub(owed, 9))
  if index and select(4, unpack_(LETTER, index)) == tonumber(debt) then
    call('ZADD', P .. 'o', debt, debt)
  else
    call('HDEL', P .. 'od', debt)
  end
end)
-- Children that were paid for: their offset is settled. And those whose parent is still alive where it stood: its completion was
-- torn, and it will complete again.
pages('HSCAN', P .. 'oc', function(debt, value)
  local lane, offset, no = unpack_(CHILDREN, value)
  local record, over = call('HGET', P .. 'j', string.sub(value, CHILDREN_BYTES - 13, CHILDREN_BYTES)), false
  if lane > 0 then over = offset < tonumber(call('HGET', P .. 'n:' .. lane, 'floor') or 0) or has_bit(lane, offset) end
  if lane > 0 and record and record ~= '' then
    local _, at, _, _, _, _, _, stands = unpack_(HEADER, record)
    over = over or at == lane and stands == offset
  end
  if over then
    call('HDEL', P .. 'oc', debt)
  else
    call('ZADD', P .. 'o', debt, debt)
    add(no, 'owed', weight_of(#value))
  end
end)
for _, debt in ipairs(call('ZRANGE', P .. 'o', 0, -1)) do
  if call('HEXISTS', P .. 'od', debt) == 0 and call('HEXISTS', P .. 'oc', debt) == 0 then call('ZREM', P .. 'o', debt) end
end
pages('HSCAN', P .. 'r', function(key)
  if not call('ZSCORE', P .. 'ru', key) then call('HDEL', P .. 'r', key) end
end)
if call('ZCARD', P .. 'ru') ~= call('HLEN', P .. 'r') then
  pages('ZSCAN', P .. 'ru', function(key)
    if call('HEXISTS', P .. 'r', key) == 0 then call('ZREM', P .. 'ru', key) end
  end)
end
recount_parked()
wake(finish())
return 0

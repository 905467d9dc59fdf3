#!lua flags=allow-oom
-- Settle: verdicts, each applied once, and only under its claim's current token and within its lease.
--
-- KEYS  core
-- ARGV  seven per settlement: verdict, key, the 8 bytes that fence the claim, meta, and three texts:
--       c complete: meta repeatable, generation, redrives, window, keep, accepted at · last attempt · output · children or ''
--       r retry:    meta pause in ms                                                 · last failure · what is kept of it later, '' when that is all of it · version that ran it
--       b bury:     meta redrives, then the letter's key                             · failure · last attempt · ''
--       l release:  meta 1 when the job is a suspect, which it stays, else 0 · '' '' ''
-- Gives a letter per settlement: s settled, l lost
-- Cost  O(settlements · log in flight). Frees memory, but for results, which are dropped while memory is short, for the
--       last failure of a job that is tried again, which is cut then and stands for all before, and for children: a type that owes much is not taken.
begin()
local keys, answers, bytes = {}, {}, 0
for at = 2, #ARGV, 7 do
  keys[#keys + 1] = ARGV[at]
  bytes = bytes + #ARGV[at + 3] + #ARGV[at + 4] + #ARGV[at + 5]
end
-- Between two sweeps results could fill what is kept in reserve.
if not core.full then measure_before(bytes) end
local claims, lasts = {}, {}
for begins = 1, #keys, PIECE do
  local upto = min(begins + PIECE - 1, #keys)
  local found, scores = call('HMGET', P .. 'f', unpack(keys, begins, upto)), call('ZMSCORE', P .. 'l', unpack(keys, begins, upto))
  for index = begins, upto do claims[index], lasts[index] = found[index - begins + 1], scores[index - begins + 1] end
end
local ended, forget, held, done = {}, {}, {}, {}
local settled, marks, results, ends = {}, {}, {}, {}
local tried, due, failures, front, owes = {}, {}, {}, {}, false
local function settle(lane, offset)
  if lane == 0 then return end
  local offsets = settled[lane]
  if not offsets then
    offsets = {}
    settled[lane] = offsets
  end
  offsets[#offsets + 1] = offset
end
for index, key in ipairs(keys) do
  local at, claim = 7 * index - 6, claims[index]
  if not claim or done[key] or string.sub(claim, 1, 8) ~= ARGV[at + 2] or (tonumber(lasts[index] or nil) or 0) <= now then
    answers[index] = 'l'
  else
    answers[index], done[key] = 's', true
    held[#held + 1] = key
    local verdict, meta, one, two, children = ARGV[at], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6]
    local attempts, no, lane, offset, priority = unpack_(CLAIM, claim, 9)
    add(no, 'infl', -1)
    if verdict == 'c' then
      local repeatable, generation, redrives, window, keep, accepted = unpack_('>BI2I2I4I6I6', meta)
      ended[#ended + 1] = key
      if attempts > 1 then forget[#forget + 1] = key end
      if children == '' then
        settle(lane, offset)
      else
        local debt = fmt('%d', number_of_debt())
        local value = pack(CHILDREN, lane, offset, no, now) .. key .. children
        call('HSET', P .. 'oc', debt, value)
        call('ZADD', P .. 'o', debt, debt)
        add(no, 'owed', weight_of(#value))
        owes = true
      end
      if repeatable == 1 and window > 0 then marks[#marks + 1], marks[#marks + 2] = mark_of(window, redrives), key end
      if keep > 0 and not core.full then
        local until_ = now + keep
        results[#results + 1] = key
        local known = attempts > 1 and attempts_at_end(call('HGET', P .. 'e', key), one) or one
        results[#results + 1] = result_of(0, attempts, no, generation, accepted, until_, known, two)
        ends[#ends + 1], ends[#ends + 2] = fmt('%d', until_), key
      end
      add(no, 'comp', 1)
    elseif verdict == 'r' then
      tried[#tried + 1], tried[#tried + 2] = key, pack(TRIED, attempts, 0, no, priority) .. children
      due[#due + 1], due[#due + 2] = fmt('%d', min(now + tonumber(meta), MOMENT_MAX)), key
      local known = not core.full and attempts > 1 and call('HGET', P .. 'e', key)
      if core.full and two ~= '' then one, two = two, '' end
      failures[#failures + 1], failures[#failures + 2] = key, failed_again(known, attempts, one, two)
      add(no, 'sched', 1)
      add(no, 'retr', 1)
    elseif verdict == 'b' then
      local record = call('HGET', P .. 'j', key)
      local redrives, letter = unpack_('>I2', meta), string.sub(meta, 3)
      local debt, where, name = 0, 2, ''
      if lane > 0 then
        debt, where, name = number_of_debt(), 1, call('HGET', P .. 'n:' .. lane, 'name')
        owes = true
      end
      local last = ''
      if not core.full then last = attempts > 1 and attempts_at_end(call('HGET', P .. 'e', key), two) or two end
      local value = pack('>I6I2I6', now, attempts, offset) .. text(name) .. text(one) .. text(last) .. 'j' .. string.sub(record, HEADER_BYTES + 1)
      put_letter(letter, key, no, redrives, now, debt, where, value)
      if debt > 0 then
        call('ZADD', P .. 'o', debt, fmt('%d', debt))
        call('HSET', P .. 'od', fmt('%d', debt), pack('>I2I6', lane, offset) .. letter)
      end
      ended[#ended + 1] = key
      if attempts > 1 then forget[#forget + 1] = key end
    else
      local suspect = meta == '1' and 1 or 0
      if attempts > 1 or suspect == 1 then
        local started = string.sub(claim, CLAIM_BYTES + 1)
        tried[#tried + 1], tried[#tried + 2] = key, pack(TRIED, attempts - 1, suspect, no, priority) .. started
      end
      front[#front + 1] = { no, priority, key }
    end
  end
end
-- First what becomes of the jobs, then they are taken out: of a file whose end was torn off in between a job comes back that
-- had ended, and none is forgotten.
many('HSET', P .. 'a', tried, 2)
many('HSET', P .. 'e', failures, 2)
many('ZADD', P .. 'z', due, 2)
many('ZADD', P .. 'm', marks, 2)
mark_settled(settled)
keep_results(results, ends)
many('HDEL', P .. 'f', held)
many('ZREM', P .. 'l', held)
many('HDEL', P .. 'j', ended)
many('HDEL', P .. 'e', forget)
-- Backwards: each goes before the others, so the first is first in the end.
local back = {}
for index = #front, 1, -1 do note(back, unpack(front[index])) end
return_to_pending('LPUSH', back)
wake(finish())
if owes then call('PUBLISH', P .. '!owed', '') end
return table.concat(answers)

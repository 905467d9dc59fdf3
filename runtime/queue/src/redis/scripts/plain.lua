#!lua
-- Plain: the push that is common, of new jobs alone: nothing is known of any of them, and nothing is in their way. What push.lua
-- makes of such, with the same writes in the same order, without a look at each record: Redis' Lua hashes each byte of every
-- text that it makes, and a table for each job costs as much. Refused like a push, and by itself when one of the jobs is not
-- plain: then nothing is written, and the push has to be made by push.lua.
--
-- KEYS  core
-- ARGV  lane's name or '' · from · to · the last record passed, 14 bytes, or '' · number of types · for each type: name,
--       max_pending or '' · bytes of the records · number of gaps, where no job stands · for each gap: from, to · number of
--       groups of jobs · for each group: type, priority, the five bytes that its records begin with, number of its jobs · two
--       per job, in the order of the groups: key, record
--       No key comes twice, and no job is redriven or has a due time. The five bytes are the numbers of type and lane; they may
--       be wrong, and are put right then.
-- Gives {applied, and if a number was wrong: the lane's, and each type's} | {mixed} | {wants, offset} | {unknown} | {full}
-- Cost  O(jobs + gaps). Guarantee: all is decided before the first write; all or nothing.
begin()
local ARGV = ARGV
local name, from, to, passed, types_named = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local bytes = 6 + 2 * types_named
local lane, tracked = 0, false
if name ~= '' then
  lane = tonumber(call('HGET', P .. 'n', name) or nil)
  if not lane then return { 'unknown' } end
  local l = call('HMGET', P .. 'n:' .. lane, 'want', 'top', 'untracked', 'parking')
  local wanted = tonumber(l[1])
  if wanted ~= from then return { 'wants', wanted } end
  -- Above `top` nothing was settled before. While jobs are parked, others of their type may have to wait.
  if from < tonumber(l[2] or 0) or tonumber(l[4] or 0) > 0 then return { 'mixed' } end
  tracked = not l[3]
end
measure_before(tonumber(ARGV[bytes]))
if core.full then return { 'full' } end

local names = {}
for of = 1, types_named do names[of] = ARGV[4 + 2 * of] end
local numbers = find_numbers(names)
local gaps = bytes + 2
local groups = gaps + 1 + 2 * ARGV[gaps - 1]
local first = groups + 4 * ARGV[groups - 1]
local brought = {}
for group = groups, first - 1, 4 do
  local of = tonumber(ARGV[group])
  brought[of] = (brought[of] or 0) + ARGV[group + 3]
end
for of = 1, types_named do
  local no, most = numbers[of], tonumber(ARGV[5 + 2 * of])
  local waiting = no and types[no].pend + types[no].sched or 0
  if most and waiting + (brought[of] or 0) > most then return { 'mixed' } end
end
local keys, count = {}, 0
for at = first, #ARGV, 2 do
  count = count + 1
  keys[count] = ARGV[at]
end
-- Whether a job is there by one of these keys: alive or as a tombstone, done, or dead.
local function is_any_known(command, key)
  for begins = 1, count, PIECE do
    local found = call(command, key, unpack(keys, begins, min(begins + PIECE - 1, count)))
    for index = 1, #found do
      if found[index] then return true end
    end
  end
  return false
end
if is_any_known('HMGET', P .. 'j') then return { 'mixed' } end
if call('EXISTS', P .. 'm') == 1 and is_any_known('ZMSCORE', P .. 'm') then return { 'mixed' } end
if call('EXISTS', P .. 'dk') == 1 and is_any_known('HMGET', P .. 'dk') then return { 'mixed' } end

make_numbers(names, numbers)
local places, are_right = {}, true
for group = groups, first - 1, 4 do
  places[group] = pack('>I3I2', numbers[tonumber(ARGV[group])], lane)
  are_right = are_right and ARGV[group + 2] == places[group]
end
if are_right then
  for begins = first, #ARGV, PIECE do call('HSET', P .. 'j', unpack(ARGV, begins, min(begins + PIECE - 1, #ARGV))) end
else
  local new, at = {}, first
  for group = groups, first - 1, 4 do
    for _ = 1, ARGV[group + 3] do
      new[#new + 1], new[#new + 2] = ARGV[at], places[group] .. string.sub(ARGV[at + 1], 6)
      at = at + 2
    end
  end
  many('HSET', P .. 'j', new, 2)
end
local before = 0
for group = groups, first - 1, 4 do
  local no, jobs = numbers[tonumber(ARGV[group])], tonumber(ARGV[group + 3])
  local list = list_of(no, ARGV[group + 1])
  for begins = 1, jobs, PIECE do
    call('RPUSH', list, unpack(keys, before + begins, before + min(begins + PIECE - 1, jobs)))
  end
  for _, field in ipairs({ 'pend', 'fresh', 'acc' }) do add(no, field, jobs) end
  before = before + jobs
end
if lane > 0 then
  if tracked then
    for gap = gaps, groups - 2, 2 do mark_range(lane, tonumber(ARGV[gap]), tonumber(ARGV[gap + 1])) end
  end
  if to > from and passed ~= '' then
    call('HSET', P .. 'n:' .. lane, 'want', fmt('%d', to), 'passed', passed)
  else
    call('HSET', P .. 'n:' .. lane, 'want', fmt('%d', to))
  end
end
wake(finish())
local answer = { 'applied' }
if not are_right then
  answer[2] = lane
  for of = 1, types_named do answer[of + 2] = numbers[of] end
end
return answer

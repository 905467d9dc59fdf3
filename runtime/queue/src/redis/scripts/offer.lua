#!lua flags=allow-oom
-- Offer: which types a worker can run, kept until it shows another, and the flow of each type. Of each type what the
-- highest revision shown so far says is in force.
--
-- KEYS  core
-- ARGV  worker (hex) · the offer's hash · revision · six per type: name, offered 1 or 0, concurrency or '', interval in ms
--       or '', burst, stride · a type that is not offered is paused
-- Gives OK
-- Cost  O(types)
begin()
local mine, revision = P .. 'w:' .. ARGV[1], tonumber(ARGV[3])
local names, bytes = {}, {}
for at = 4, #ARGV, 6 do names[#names + 1] = ARGV[at] end
local numbers = numbers_of(names)
for index, no in ipairs(numbers) do
  local at = 6 * index - 2
  local is_offered = ARGV[at + 1] == '1'
  if is_offered then
    local byte = floor(no / 8) + 1
    bytes[byte] = (bytes[byte] or 0) + 2 ^ (no % 8)
    bytes.last = max(bytes.last or 0, byte)
  end
  local t = types[no]
  if t.rev <= revision + 1 then
    touch(no)
    t.rev, t.paused = revision + 1, is_offered and 0 or 1
    if is_offered then
      t.stride, t.conc = tonumber(ARGV[at + 5]), tonumber(ARGV[at + 2]) or NO_LIMIT
      t.ri, t.rb = tonumber(ARGV[at + 3]) or 0, tonumber(ARGV[at + 4]) or 0
      if t.ri == 0 then t.tat = 0 end
    end
  end
end
local map = {}
for byte = 1, bytes.last or 0 do map[byte] = string.char(bytes[byte] or 0) end
call('HSET', mine, 'offer', ARGV[2], 'types', table.concat(map))
call('PEXPIRE', mine, 600000)
wake(finish())
return redis.status_reply('OK')

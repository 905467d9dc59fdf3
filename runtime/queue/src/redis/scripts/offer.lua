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
local bytes, opened = {}, 0
for at = 4, #ARGV, 6 do
  local no, is_offered = number_of(ARGV[at]), ARGV[at + 1] == '1'
  if is_offered then
    local byte = floor(no / 8) + 1
    bytes[byte] = (bytes[byte] or 0) + 2 ^ (no % 8)
    bytes.last = max(bytes.last or 0, byte)
  end
  local of = P .. 't:' .. no
  if tonumber(call('HGET', of, 'rev') or -1) <= revision then
    call('HSET', of, 'rev', ARGV[3], 'paused', is_offered and '0' or '1')
    if is_offered then
      call('HSET', of, 'stride', ARGV[at + 5])
      if ARGV[at + 2] ~= '' then call('HSET', of, 'conc', ARGV[at + 2]) else call('HDEL', of, 'conc') end
      if ARGV[at + 3] ~= '' then
        call('HSET', of, 'ri', ARGV[at + 3], 'rb', ARGV[at + 4])
      else
        call('HDEL', of, 'ri', 'rb', 'tat')
      end
    end
    opened = opened + rank(no)
  end
end
local map = {}
for byte = 1, bytes.last or 0 do map[byte] = string.char(bytes[byte] or 0) end
call('HSET', mine, 'offer', ARGV[2], 'types', table.concat(map))
call('PEXPIRE', mine, 600000)
wake(opened)
return redis.status_reply('OK')

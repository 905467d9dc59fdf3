#!lua flags=allow-oom
-- Walk: a page of the jobs in one place, for the check. Of records only whether they are tombstones: payloads stay here.
--
-- KEYS  core
-- ARGV  place: j records, f claims, l leases, z scheduled, or p:TYPE:PRIORITY · cursor, 0 at the beginning · the server's run
--       that is being mended, or '': then the sign that somebody mends is made new with each page
-- Gives {cursor, 0 at the end; then per job its key, and of records 1 for a tombstone, else 0}; {} when the server is another
--       run by now
-- Cost  O(page); of records O(their bytes), a few hundred of them
begin()
local place, cursor, run = ARGV[1], ARGV[2], ARGV[3]
if run ~= '' then
  if call('HGET', P .. 'c', 'run') ~= run then return {} end
  call('HSET', P .. 'c', 'mend', fmt('%d', now))
end
local answer = { '0' }
if string.sub(place, 1, 1) == 'p' then
  local from = tonumber(cursor)
  local keys = call('LRANGE', P .. place, from, from + 999)
  for at, key in ipairs(keys) do answer[at + 1] = key end
  if #keys == 1000 then answer[1] = fmt('%d', from + 1000) end
  return answer
end
local page = call(place == 'l' and 'ZSCAN' or place == 'z' and 'ZSCAN' or 'HSCAN', P .. place, cursor, 'COUNT', place == 'j' and 200 or 1000)
answer[1] = page[1]
for at = 1, #page[2], 2 do
  answer[#answer + 1] = page[2][at]
  if place == 'j' then answer[#answer + 1] = page[2][at + 1] == '' and 1 or 0 end
end
return answer

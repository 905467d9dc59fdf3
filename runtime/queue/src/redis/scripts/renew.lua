#!lua flags=allow-oom
-- Renew: moves leases on, for claims that are current.
--
-- KEYS  core
-- ARGV  lease in ms · two per claim: key, the 8 bytes that fence it
-- Gives the numbers of the claims that are lost, from 0
-- Cost  O(claims · log in flight)
begin()
local keys, lost, leases = {}, {}, {}
for at = 2, #ARGV, 2 do keys[#keys + 1] = ARGV[at] end
local ends = fmt('%d', now + tonumber(ARGV[1]))
for begins = 1, #keys, PIECE do
  local upto = min(begins + PIECE - 1, #keys)
  local claims = call('HMGET', P .. 'f', unpack(keys, begins, upto))
  local lasts = call('ZMSCORE', P .. 'l', unpack(keys, begins, upto))
  for index = begins, upto do
    local claim, last = claims[index - begins + 1], lasts[index - begins + 1]
    if claim and string.sub(claim, 1, 8) == ARGV[2 * index + 1] and (tonumber(last or nil) or 0) > now then
      leases[#leases + 1], leases[#leases + 2] = ends, keys[index]
    else
      lost[#lost + 1] = index - 1
    end
  end
end
many('ZADD', P .. 'l', leases, 2)
return lost

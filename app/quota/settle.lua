-- Takes off what a replica let in, and says what is left.
--
-- KEYS: the set of replicas, then buckets. ARGV: the replica's id, for how many seconds it counts
-- as there, then of each bucket its quota, how much of it comes back a second, what was let in.
-- Returns how many replicas there are, then what is left in each bucket; below 0 is owed.
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[2]))
local told = {redis.call('ZCARD', KEYS[1])}
for place = 2, #KEYS do
  local quota, rate, spent = unpack(ARGV, 3 * place - 3, 3 * place - 1)
  quota, rate = tonumber(quota), tonumber(rate)
  local held = redis.call('HMGET', KEYS[place], 'left', 'at')
  -- One that is gone was full.
  local left, at = tonumber(held[1]) or quota, tonumber(held[2]) or now
  left = math.min(quota, math.min(quota, left + math.max(0, now - at) * rate) - spent)
  redis.call('HSET', KEYS[place], 'left', string.format('%.17g', left), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', KEYS[place], math.ceil((quota - left) / rate) + 1)
  told[#told + 1] = string.format('%.6f', left)
end
return told

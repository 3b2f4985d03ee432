-- wrk script: POSTs the lines of a file one after the other, and ends with one line of JSON.
-- wrk ... -s closed.lua URL -- BODIES FIRST_LINE
-- A key, where one is needed, comes by the environment: arguments are everybody's to read.

local requests, place = {}, 0

function init(arguments)
  local headers = { ["content-type"] = "application/json" }
  local key = os.getenv("WINDSOCK_KEY")
  if key then headers["authorization"] = "Bearer " .. key end
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
  place = tonumber(arguments[2]) % #requests
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"seconds": %.6f, "answers": %d, "refused": %d, "errors": %d, "timeouts": %d, ' ..
    '"p50_us": %d, "p90_us": %d, "p99_us": %d, "max_us": %d}\n',
    summary.duration / 1e6, summary.requests, errors.status,
    errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end

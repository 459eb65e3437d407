-- Tells exactly what was done, for wrk prints rounded figures. With a file of Cookie headers, each request takes the next: FILE OFFSET.
local cookies, at = {}, 0

function init (args)
  if args[1] == nil then return end
  for line in io.lines(args[1]) do cookies[#cookies + 1] = line end
  at = tonumber(args[2])
  function request ()
    at = at % #cookies + 1
    return wrk.format(nil, nil, { Cookie = cookies[at] })
  end
end

function done (summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('\nTOLD {"requests":%d,"microseconds":%d,"bytes":%d,"failed":%d,"refused":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, summary.bytes, failed, summary.errors.status, latency:percentile(50), latency:percentile(99)))
end

-- wrk sends the file named by the first argument, and says in JSON how it went.
function init(args)
  if args[1] then
    wrk.method, wrk.body = "POST", io.open(args[1]):read("*a")
    wrk.headers["Content-Type"] = "application/json"
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "seconds": %f, "failed": %d, "p50": %f, "p99": %f}\n', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50) / 1e6,
    latency:percentile(99) / 1e6))
end

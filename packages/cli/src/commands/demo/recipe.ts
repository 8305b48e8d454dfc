/** What a demo runs on: where its template comes from, its service, and the script with which each clone shows who it is. */
export interface DemoRecipe {
  readonly source: string
  readonly memoryMiB: number
  readonly start: readonly string[]
  readonly port: number
  /** Prints one line of JSON: hostname, machineUuid, mac, address, random (64 hex digits), clockMs. */
  readonly whoAmI: readonly string[]
}

const port = 8000

/** The demo's own template is Debian with Python; any other source gets a service that busybox alone can offer. */
export function recipeFor(source: string | undefined): DemoRecipe {
  if (source !== undefined && !source.startsWith('debian:')) {
    return { source, memoryMiB: 256, port, start: ['/bin/sh', '-c', shellService], whoAmI: ['/bin/sh', '-c', shellWhoAmI] }
  }
  return {
    source: source ?? 'debian:bookworm?include=python3',
    memoryMiB: 512,
    port,
    start: ['/usr/bin/python3', '-c', pythonService],
    whoAmI: ['/usr/bin/python3', '-c', pythonWhoAmI],
  }
}

/** Loads what a small search service would load, builds its index, and listens only then. */
const pythonService = `
import collections, hashlib, http.server, json, re, sqlite3, time
started = time.monotonic()
books = [{"id": i, "title": "Book %d" % i, "text": " ".join(hashlib.sha256(b"%d-%d" % (i, j)).hexdigest()[:5] for j in range(8))} for i in range(3000)]
index = collections.defaultdict(set)
for book in books:
    for word in re.findall(r"\\w+", book["text"]):
        index[word].add(book["id"])
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table book (id integer primary key, title text)")
db.executemany("insert into book values (:id, :title)", books)
loaded_ms = round((time.monotonic() - started) * 1000)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        count = db.execute("select count(*) from book").fetchone()[0]
        body = json.dumps({"books": count, "words": len(index), "loadedMs": loaded_ms}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
print("loaded in %d ms" % loaded_ms, flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", ${port}), Handler).serve_forever()
`

const pythonWhoAmI = `
import fcntl, json, os, socket, struct, time
def ask(request):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return fcntl.ioctl(s, request, struct.pack("256s", b"eth0"))
print(json.dumps({
    "hostname": socket.gethostname(),
    "machineUuid": open("/etc/machine-id").read().strip(),
    "mac": ask(0x8927)[18:24].hex(":"),
    "address": socket.inet_ntoa(ask(0x8915)[20:24]),
    "random": os.urandom(32).hex(),
    "clockMs": round(time.time() * 1000),
}))
`

const shellService = `
mkdir -p /srv/www
i=0
while [ $i -lt 200 ]; do i=$((i+1)); echo "book $i $(echo $i | sha256sum | cut -c1-12)"; done > /srv/www/books
echo "{\\"books\\": $(wc -l < /srv/www/books)}" > /srv/www/index.html
echo loaded
exec busybox httpd -f -p 127.0.0.1:${port} -h /srv/www
`

const shellWhoAmI = `
address=$(ip -4 -o addr show dev eth0 | awk '{sub("/.*", "", $4); print $4}')
clock=$(busybox adjtimex | awk '/tv_sec/ {s = $2} /tv_usec/ {u = $2} END {printf "%d%03d", s, u / 1000}')
random=$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \\n')
printf '{"hostname":"%s","machineUuid":"%s","mac":"%s","address":"%s","random":"%s","clockMs":%s}\\n' \\
  "$(hostname)" "$(cat /etc/machine-id)" "$(cat /sys/class/net/eth0/address)" "$address" "$random" "$clock"
`

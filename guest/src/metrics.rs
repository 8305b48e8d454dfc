//! METRICS: memory, processors, disk and processes, from /proc (proc(5)).

use crate::refusal::Refusal;
use crate::sys::kernel::disk_bytes;
use hearth_wire::fields::FieldWriter;
use std::ffi::CStr;
use std::fs;

/// What user programs see is counted in hundredths of a second (USER_HZ, fixed on Linux).
const MS_PER_TICK: u64 = 10;

pub fn metrics() -> Result<FieldWriter, Refusal> {
    let memory = read("/proc/meminfo")?;
    let (processors, busy_ms) = processors(&read("/proc/stat")?);
    let root = CStr::from_bytes_with_nul(b"/\0").unwrap_or_default();
    let (disk_total, disk_used) = disk_bytes(root).map_err(|error| Refusal::system("/", &error))?;
    let mut reply = FieldWriter::new();
    reply.u64(1, memory_bytes(&memory, "MemTotal:")).u64(2, memory_bytes(&memory, "MemAvailable:"));
    reply.u64(3, processors).u64(4, busy_ms).u64(5, disk_total).u64(6, disk_used).u64(7, processes()?);
    Ok(reply)
}

/// `MemTotal:  16384 kB`
fn memory_bytes(table: &str, name: &str) -> u64 {
    let line = table.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
    let number: u64 = line.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0);
    number.saturating_mul(1024)
}

/// How many there are, and how long they were not idle, all together: `cpu user nice system idle iowait irq softirq steal`.
fn processors(table: &str) -> (u64, u64) {
    let is_one = |line: &&str| line.starts_with("cpu") && line.as_bytes().get(3).map_or(false, u8::is_ascii_digit);
    let count = table.lines().filter(is_one).count() as u64;
    let total = table.lines().find_map(|line| line.strip_prefix("cpu ")).unwrap_or("");
    let ticks = |(at, text): (usize, &str)| if matches!(at, 3 | 4) { 0 } else { text.parse().unwrap_or(0) };
    let busy = total.split_whitespace().take(8).enumerate().map(ticks).fold(0u64, u64::saturating_add);
    (count, busy.saturating_mul(MS_PER_TICK))
}

fn processes() -> Result<u64, Refusal> {
    let entries = fs::read_dir("/proc").map_err(|error| Refusal::system("/proc", &error))?;
    let is_process = |name: &std::ffi::OsStr| name.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit());
    Ok(entries.flatten().filter(|entry| is_process(&entry.file_name())).count() as u64)
}

fn read(path: &str) -> Result<String, Refusal> {
    fs::read_to_string(path).map_err(|error| Refusal::system(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;
    use hearth_wire::fields::Fields;

    const STAT: &str = "cpu  100 5 20 9000 300 1 2 3 50 0\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\ncpufreq 1\n";

    #[test]
    fn counts_processors_and_the_time_they_were_busy() {
        assert_eq!(processors(STAT), (2, (100 + 5 + 20 + 1 + 2 + 3) * 10));
        assert_eq!(memory_bytes("MemFree: 1 kB\nMemTotal:   16384 kB\n", "MemTotal:"), 16_384 * 1024);
    }

    #[test]
    fn says_something_of_this_machine() {
        let bytes = metrics().unwrap().into_bytes();
        let fields = Fields::parse(&bytes).unwrap();
        for tag in [1, 2, 3, 5, 7] {
            assert!(fields.u64(tag).unwrap() > 0, "field {tag}");
        }
    }

    #[test]
    fn damaged_tables_never_panic() {
        let mut numbers = Numbers::seeded(11);
        for _ in 0..5_000 {
            let damaged = numbers.damage(STAT.as_bytes());
            let text = String::from_utf8_lossy(&damaged);
            assert!(processors(&text).0 <= 4 && memory_bytes(&text, "cpu0") < u64::MAX);
        }
    }
}

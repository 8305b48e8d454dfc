use super::*;
use crate::scratch::Scratch;
use std::os::unix::ffi::OsStrExt;

struct Bench {
    scratch: Scratch,
    system: System,
    table: WriteTable,
    out: Outbox,
}

impl Bench {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let system = System::of_service(scratch.path().into(), false);
        Self { scratch, system, table: WriteTable::default(), out: Outbox::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn start(&mut self, stream: u32, path: &Path, resume: Option<(u64, u64)>) -> Result<u32, Refusal> {
        let mut fields = FieldWriter::new();
        fields.bytes(1, path.as_os_str().as_bytes()).u64(2, 0o640);
        if let Some((id, offset)) = resume {
            fields.u64(4, id).u64(5, offset);
        }
        self.table.start(stream, &Fields::parse(fields.as_bytes()).unwrap(), &self.system, &mut self.out)
    }

    fn names(&self) -> usize {
        fs::read_dir(self.scratch.path()).unwrap().count()
    }

    /// Streams that ended in one turn.
    fn turn(&mut self) -> Vec<u32> {
        let mut over = Vec::new();
        self.table.turn(&mut self.out, |stream| over.push(stream));
        over
    }
}

#[test]
fn a_file_appears_whole_at_its_end() {
    let mut bench = Bench::new("write");
    let path = bench.path("file");
    let id = bench.start(7, &path, None).unwrap();
    bench.table.data(id, 0, b"hello").unwrap();
    assert!(!path.exists() && bench.turn().is_empty());
    bench.table.end(id, 0).unwrap();
    assert_eq!(bench.turn(), [7]);
    assert_eq!(fs::read(&path).unwrap(), b"hello");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(bench.names(), 1);
}

#[test]
fn a_cancelled_write_leaves_the_old_file() {
    let mut bench = Bench::new("write-cancel");
    let path = bench.path("file");
    fs::write(&path, b"old").unwrap();
    let id = bench.start(7, &path, None).unwrap();
    bench.table.data(id, 0, b"new").unwrap();
    bench.table.close(id);
    assert_eq!((fs::read(&path).unwrap(), bench.names()), (b"old".to_vec(), 1));
}

#[test]
fn goes_on_in_the_next_session_and_repeats_its_answer() {
    let mut bench = Bench::new("write-resume");
    let path = bench.path("file");
    let id = bench.start(7, &path, None).unwrap();
    bench.table.data(id, 0, b"he").unwrap();
    assert_eq!(bench.start(2, &path, Some((id.into(), 0))).unwrap_err().code, Code::NotFound, "still attached");
    bench.table.hold(id);
    assert_eq!(bench.start(2, &path, Some((id.into(), 3))).unwrap_err().code, Code::Invalid);
    assert_eq!(bench.start(2, &path, Some((id.into(), 1))), Ok(id));
    bench.table.data(id, 0, b"llo").unwrap();
    bench.table.end(id, 0).unwrap();
    bench.table.end(id, 0).unwrap();
    assert_eq!(bench.turn(), [2]);
    assert_eq!(fs::read(&path).unwrap(), b"hello");
    assert_eq!(bench.start(3, &path, Some((id.into(), 5))), Ok(id));
    assert_eq!(bench.turn(), [3]);
}

#[test]
fn nobody_comes_back() {
    let mut bench = Bench::new("write-forget");
    let path = bench.path("file");
    let id = bench.start(7, &path, None).unwrap();
    bench.table.hold(id);
    bench.table.expire(time::now_ms());
    assert_eq!(bench.names(), 1);
    bench.table.expire(time::now_ms() + REMEMBER_MS + 1);
    assert_eq!(bench.names(), 0);
}

#[test]
fn what_goes_wrong_is_told_once_and_leaves_nothing() {
    let mut bench = Bench::new("write-fail");
    let path = bench.path("file");
    let id = bench.start(7, &path, None).unwrap();
    fs::create_dir(&path).unwrap();
    bench.table.end(id, 0).unwrap();
    assert_eq!(bench.turn(), [7]);
    assert_eq!(bench.names(), 1);
    assert_eq!(bench.start(8, &path, None).unwrap_err().code, Code::IsDirectory);
    assert_eq!(bench.start(8, &bench.path("none/file"), None).unwrap_err().code, Code::NotFound);
    assert_eq!(bench.start(8, Path::new("/dev/null"), None).unwrap_err().code, Code::Invalid);
}

#[test]
fn a_link_leads_to_its_target() {
    let mut bench = Bench::new("write-link");
    let (real, link) = (bench.path("real"), bench.path("link"));
    fs::write(&real, b"old").unwrap();
    std::os::unix::fs::symlink("real", &link).unwrap();
    let id = bench.start(7, &link, None).unwrap();
    bench.table.data(id, 0, b"new").unwrap();
    bench.table.end(id, 0).unwrap();
    assert_eq!(fs::read(&real).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
}

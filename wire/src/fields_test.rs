use super::*;

fn written(fill: impl FnOnce(&mut FieldWriter)) -> Vec<u8> {
    let mut writer = FieldWriter::new();
    fill(&mut writer);
    writer.into_bytes()
}

#[test]
fn writes_tag_length_and_bytes_big_endian() {
    let list = written(|w| {
        w.u64(1, 0x0102).flag(2, true).text(3, "hé");
    });
    assert_eq!(list, b"\x01\0\0\0\x08\0\0\0\0\0\0\x01\x02\x02\0\0\0\x01\x01\x03\0\0\0\x03h\xc3\xa9");
}

#[test]
fn reads_back_every_type() {
    let inner = {
        let mut w = FieldWriter::new();
        w.text(1, "in");
        w
    };
    let list = written(|w| {
        w.u64(1, u64::MAX)
            .i64(2, -75_012)
            .flag(3, false)
            .text(4, "text")
            .bytes(5, b"\0\xff")
            .fields(6, &inner)
            .u64(7, 1)
            .u64(7, 2);
    });
    let fields = Fields::parse(&list).unwrap();
    assert_eq!(fields.u64(1), Ok(u64::MAX));
    assert_eq!(fields.i64(2), Ok(-75_012));
    assert_eq!(fields.flag(3), Ok(false));
    assert_eq!(fields.text(4), Ok("text"));
    assert_eq!(fields.bytes(5), Ok(&b"\0\xff"[..]));
    assert_eq!(fields.fields(6).unwrap().text(1), Ok("in"));
    assert_eq!(fields.u64_list(7).collect::<Result<Vec<_>, _>>(), Ok(vec![1, 2]));
    assert_eq!(fields.optional_u64(9), Ok(None));
}

#[test]
fn skips_tags_that_nobody_asks_for() {
    let list = written(|w| {
        w.bytes(200, b"from the future").u64(1, 7);
    });
    assert_eq!(Fields::parse(&list).unwrap().u64(1), Ok(7));
}

#[test]
fn names_the_tag_in_every_error() {
    let list = written(|w| {
        w.bytes(1, b"short").bytes(2, b"\x02").bytes(3, b"\xff").u64(4, 1).u64(4, 1);
    });
    let fields = Fields::parse(&list).unwrap();
    assert_eq!(fields.u64(1).unwrap_err().to_string(), "field 1 has 5 bytes, its type has 8");
    assert_eq!(fields.flag(2).unwrap_err().to_string(), "field 2 is 2, a flag is 0 or 1");
    assert_eq!(fields.text(3).unwrap_err().to_string(), "field 3 is not UTF-8");
    assert_eq!(fields.u64(4).unwrap_err().to_string(), "field 4 is there more than once");
    assert_eq!(fields.bytes(5).unwrap_err().to_string(), "field 5 is missing");
}

#[test]
fn refuses_every_cut_of_a_list() {
    let list = written(|w| {
        w.u64(1, 1).text(2, "two");
    });
    for cut in 0..list.len() {
        let whole_fields_only = cut == 0 || cut == 13;
        assert_eq!(Fields::parse(&list[..cut]).is_ok(), whole_fields_only, "cut at {cut}");
    }
}

#[test]
fn a_huge_length_is_truncated_not_allocated() {
    assert_eq!(Fields::parse(b"\x01\xff\xff\xff\xff").unwrap_err(), FieldError::Truncated);
}

/// Numbers that look random and are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

#[test]
fn damaged_lists_never_panic() {
    let whole = written(|w| {
        w.u64(1, 5).i64(2, -5).flag(3, true).text(4, "text").bytes(5, &[7; 40]).u64(6, 1).u64(6, 2);
    });
    let mut numbers = Numbers(0x9e37_79b9);
    for _ in 0..20_000 {
        let mut list = whole.clone();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(list.len());
            match numbers.below(4) {
                0 => list[at] = numbers.next() as u8,
                1 => list[at] ^= 1 << numbers.below(8),
                2 => list.truncate(at + 1),
                _ => list.insert(at, numbers.next() as u8),
            }
        }
        if let Ok(fields) = Fields::parse(&list) {
            for tag in 0..8 {
                let read = (fields.u64(tag), fields.i64(tag), fields.flag(tag), fields.text(tag), fields.bytes(tag));
                assert!(read.4.map_or(true, |bytes| bytes.len() <= list.len()));
                assert!(fields.fields_list(tag).count() + fields.u64_list(tag).count() <= list.len());
            }
        }
    }
}

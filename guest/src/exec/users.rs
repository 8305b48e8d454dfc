//! Users and groups, read from /etc/passwd and /etc/group. The C library's look-ups load other libraries, which a
//! static program cannot.

use crate::refusal::{Code, Refusal};
use crate::sys::spawn::Rights;
use crate::system::System;
use std::fs;

/// Somebody a program can run as.
#[derive(Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub home: String,
    pub rights: Rights,
}

/// Finds who `wanted` is: a name or a number, and perhaps `:` and a group; root when absent.
pub fn find(wanted: Option<&str>, system: &System) -> Result<User, Refusal> {
    let passwd = fs::read(system.path("/etc/passwd")).unwrap_or_default();
    let groups = fs::read(system.path("/etc/group")).unwrap_or_default();
    resolve(wanted.unwrap_or("0"), &String::from_utf8_lossy(&passwd), &String::from_utf8_lossy(&groups))
}

/// The user that agents' own programs run as, whether or not /etc/passwd knows it.
pub fn root(system: &System) -> User {
    let nameless =
        || User { name: "root".into(), home: "/root".into(), rights: Rights { uid: 0, gid: 0, groups: vec![0] } };
    find(None, system).unwrap_or_else(|_| nameless())
}

/// The user and group ids that `owner` means, as in `find`.
pub fn owner(owner: &str, system: &System) -> Result<(u32, u32), Refusal> {
    let rights = find(Some(owner), system)?.rights;
    Ok((rights.uid, rights.gid))
}

fn resolve(wanted: &str, passwd: &str, groups: &str) -> Result<User, Refusal> {
    let (user, group) = match wanted.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (wanted, None),
    };
    let mut found = entry(passwd, user).or_else(|| unnamed(user)).ok_or_else(|| unknown("user", user))?;
    if let Some(group) = group {
        found.rights.gid = group_id(groups, group).ok_or_else(|| unknown("group", group))?;
    }
    found.rights.groups = memberships(groups, &found.name);
    if !found.rights.groups.contains(&found.rights.gid) {
        found.rights.groups.push(found.rights.gid);
    }
    Ok(found)
}

fn unknown(what: &str, name: &str) -> Refusal {
    Refusal::new(Code::NotFound, format!("there is no {what} {name:?}"))
}

/// `name:password:uid:gid:comment:home:shell`
fn entry(passwd: &str, wanted: &str) -> Option<User> {
    let number = wanted.parse::<u32>().ok();
    passwd.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, uid, gid) = (parts.next()?, parts.nth(1)?.parse().ok()?, parts.next()?.parse().ok()?);
        if name.is_empty() || (name != wanted && number != Some(uid)) {
            return None;
        }
        let home = parts.nth(1).filter(|home| home.starts_with('/')).unwrap_or("/");
        Some(User { name: name.into(), home: home.into(), rights: Rights { uid, gid, groups: Vec::new() } })
    })
}

/// A number that has no name is a user all the same.
fn unnamed(wanted: &str) -> Option<User> {
    let uid = wanted.parse::<u32>().ok().filter(|uid| *uid != u32::MAX)?;
    let (name, home) = if uid == 0 { ("root", "/root") } else { (wanted, "/") };
    Some(User { name: name.into(), home: home.into(), rights: Rights { uid, gid: uid, groups: Vec::new() } })
}

/// `name:password:gid:member,member`
fn group_lines(groups: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    groups.lines().filter_map(|line| {
        let mut parts = line.split(':');
        Some((parts.next()?, parts.nth(1)?.parse().ok()?, parts.next().unwrap_or("")))
    })
}

fn group_id(groups: &str, wanted: &str) -> Option<u32> {
    let named = group_lines(groups).find(|group| group.0 == wanted).map(|group| group.1);
    named.or_else(|| wanted.parse().ok().filter(|gid| *gid != u32::MAX))
}

fn memberships(groups: &str, user: &str) -> Vec<u32> {
    group_lines(groups).filter(|group| group.2.split(',').any(|member| member == user)).map(|group| group.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\nbad line\n";
    const GROUPS: &str = "root:x:0:\nann:x:1000:\nwheel:x:10:bob,ann\nvideo:x:44:ann\n";

    fn rights(wanted: &str) -> (u32, u32, Vec<u32>) {
        let rights = resolve(wanted, PASSWD, GROUPS).unwrap().rights;
        (rights.uid, rights.gid, rights.groups)
    }

    #[test]
    fn finds_by_name_and_by_number() {
        assert_eq!(rights("ann"), (1000, 1000, vec![10, 44, 1000]));
        assert_eq!(rights("1000"), rights("ann"));
        assert_eq!(rights("ann:wheel"), (1000, 10, vec![10, 44]));
        assert_eq!(rights("ann:7"), (1000, 7, vec![10, 44, 7]));
        assert_eq!(rights("4242:4243"), (4242, 4243, vec![4243]));
        assert_eq!(resolve("ann", PASSWD, GROUPS).unwrap().home, "/home/ann");
    }

    #[test]
    fn root_is_there_without_any_file() {
        let root = resolve("0", "", "").unwrap();
        assert_eq!((root.name.as_str(), root.home.as_str(), root.rights.uid), ("root", "/root", 0));
    }

    #[test]
    fn names_who_is_unknown() {
        assert_eq!(resolve("bob", PASSWD, GROUPS).unwrap_err().text, "there is no user \"bob\"");
        assert_eq!(resolve("ann:staff", PASSWD, GROUPS).unwrap_err().text, "there is no group \"staff\"");
        assert!(resolve("4294967295", PASSWD, GROUPS).is_err());
    }

    #[test]
    fn damaged_files_never_panic() {
        let mut numbers = Numbers::seeded(5);
        for _ in 0..5_000 {
            let passwd = numbers.damage(PASSWD.as_bytes());
            let groups = numbers.damage(GROUPS.as_bytes());
            for wanted in ["ann", "0", "ann:wheel", ":", "1000:"] {
                drop(resolve(wanted, &String::from_utf8_lossy(&passwd), &String::from_utf8_lossy(&groups)));
            }
        }
    }
}

//! Lists are read page by page: nothing is left out, nothing comes twice, and the last page says that it is the last.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use crate::support::between::{Between, Through};
use crate::support::past::{damage_listed_record, overwrite};
use crate::support::{Keys, act, stop_after_one_batch};
use strongroom::audit::{Action, AuditFilter};
use strongroom::due::DueRules;
use strongroom::rotation::RotateOptions;
use strongroom::store::{Row, Rows, StoreError, Table};
use strongroom::{
    Act, ApiKeyId, Cursor, Error, ErrorKind, MemoryStore, NewApiKey, Page, Query, Reissue, Timestamp, Vault,
    VaultOptions,
};

/// A vault whose clock is set by hand: ids are in the order of their time, so that one can be issued before others.
struct Scene {
    store: MemoryStore,
    keys: Keys,
    secs: Arc<AtomicI64>,
    vault: Vault,
}

impl Scene {
    fn new(count: usize) -> Self {
        let (store, keys, secs) = (MemoryStore::new(), Keys::generate(3), Arc::new(AtomicI64::new(NOON)));
        options(&secs).create(store.clone(), keys.only([1]), &act()).expect("vault");
        let vault = options(&secs).open(store.clone(), keys.only([1, 2])).expect("vault");
        vault.issue_many(&vec![NewApiKey::new("n").expires_at(at(NOON + 60)); count], &act()).expect("issued");
        Self { store, keys, secs, vault }
    }

    /// As another process has it.
    fn other(&self) -> Vault {
        options(&self.secs).open(self.store.clone(), self.keys.only([1, 2, 3])).expect("vault")
    }

    fn issue_at(&self, vault: &Vault, secs: i64) {
        self.secs.store(secs, Ordering::SeqCst);
        let new = NewApiKey::new("new").expires_at(at(NOON + 60));
        vault.issue(&new, &act()).expect("issued");
        self.secs.store(NOON, Ordering::SeqCst);
    }

    /// Straight from the store.
    fn ids(&self) -> Vec<ApiKeyId> {
        let rows = self.store.scan(Table::Keys, None, usize::MAX).expect("rows");
        rows.iter().filter(|(key, _)| key.len() == 16 && key != &[0xff; 16]).map(|(key, _)| id_of(key)).collect()
    }
}

/// Reads one page of ids: limit, and where it begins.
type Pager = fn(&Vault, usize, Option<Cursor>) -> Result<(Vec<ApiKeyId>, Option<Cursor>), Error>;

/// Every list of API keys whose pages are as long as one likes.
const PAGERS: [(&str, Pager); 3] = [("list", list), ("list_usage", list_usage), ("export_page", export)];

fn list(vault: &Vault, limit: usize, after: Option<Cursor>) -> Result<(Vec<ApiKeyId>, Option<Cursor>), Error> {
    let page = vault.list(&Query::new().limit(limit).after(after))?;
    Ok((page.items.iter().map(|listed| listed.id).collect(), page.next))
}

fn list_usage(vault: &Vault, limit: usize, after: Option<Cursor>) -> Result<(Vec<ApiKeyId>, Option<Cursor>), Error> {
    let page = vault.list_usage(&Query::new().limit(limit).after(after))?;
    Ok((page.items.iter().map(|line| line.listed.id).collect(), page.next))
}

fn export(vault: &Vault, limit: usize, after: Option<Cursor>) -> Result<(Vec<ApiKeyId>, Option<Cursor>), Error> {
    let page = vault.export_page(after, limit, &act())?;
    Ok((page.items.iter().map(|exported| exported.id).collect(), page.next))
}

/// Its pages are as long as it likes.
fn due(vault: &Vault, _: usize, after: Option<Cursor>) -> Result<(Vec<ApiKeyId>, Option<Cursor>), Error> {
    let page = vault.due(&DueRules::new(), after)?;
    Ok((page.items.iter().map(|due| due.id).collect(), page.next))
}

/// All pages, and what is done between two.
fn walked(vault: &Vault, read: Pager, limit: usize, mut between: impl FnMut(usize)) -> Vec<Vec<ApiKeyId>> {
    let (mut pages, mut after) = (vec![], None);
    loop {
        let (ids, next) = read(vault, limit, after).expect("a page");
        pages.push(ids);
        // As a client has it, who keeps the text.
        after = next.map(|next| next.to_string().parse().expect("its own text"));
        if after.is_none() {
            return pages;
        }
        between(pages.len());
    }
}

#[test]
fn pages_of_any_length_list_everything_once_and_only_the_last_has_no_next() {
    for count in [0, 1, 2, 6, 7] {
        let scene = Scene::new(count);
        let all = scene.ids();
        assert_eq!(all.len(), count);
        for limit in [1, 2, 3, 6, 7, 8, 1_000, usize::MAX] {
            let expected = count.div_ceil(limit).max(1);
            for (name, read) in PAGERS {
                let pages = walked(&scene.vault, read, limit, |_| ());
                assert_eq!((pages.len(), pages.concat()), (expected, all.clone()), "{name} {count} {limit}");
            }
        }
    }
}

#[test]
fn what_is_due_ends_where_the_api_keys_end() {
    for (count, pages) in [(0, 1), (1, 1), (499, 1), (500, 1), (501, 2), (1_000, 2), (1_001, 3)] {
        let scene = Scene::new(count);
        let found = walked(&scene.vault, due, 0, |_| ());
        assert_eq!((found.len(), found.concat()), (pages, scene.ids()), "{count}");
    }
}

#[test]
fn the_audit_log_pages_like_everything_else() {
    let scene = Scene::new(5);
    for (limit, pages) in [(1, 6), (2, 3), (3, 2), (4, 2), (5, 2), (6, 1), (7, 1), (usize::MAX, 1)] {
        let (mut seen, mut after) = (vec![], None);
        loop {
            let page = scene.vault.audit_entries(after, limit).expect("a page");
            seen.push(page.items.iter().map(|entry| entry.seq).collect::<Vec<_>>());
            after = page.next.map(|next| next.to_string().parse().expect("its own text"));
            if after.is_none() {
                break;
            }
        }
        assert_eq!((seen.len(), seen.concat()), (pages, (1..=6).collect()), "{limit}");
    }
    for (seq, left) in [(0, 6), (5, 1), (6, 0), (7, 0), (u64::MAX, 0)] {
        let page = scene.vault.audit_entries(Some(Cursor::after_audit_entry(seq)), 10).expect("a page");
        assert_eq!((page.items.len(), page.next), (left, None), "{seq}");
    }
}

#[test]
fn a_filter_leaves_no_page_that_claims_more_than_there_is() {
    let scene = Scene::new(20);
    let owned = NewApiKey::new("n").owner("acme");
    scene.vault.issue_many(&vec![owned; 4], &act()).expect("issued");
    scene.vault.issue_many(&vec![NewApiKey::new("n"); 600], &act()).expect("issued");
    let query = Query::new().owner("acme").limit(2);
    let first = scene.vault.list(&query).expect("a page");
    let second = scene.vault.list(&query.clone().after(first.next)).expect("a page");
    assert_eq!((first.items.len(), second.items.len()), (2, 2));
    assert!(first.next.is_some() && second.next.is_none(), "behind it there are 600, and none of them is wanted");
}

#[test]
fn pages_of_the_audit_log_are_full_of_what_is_looked_for() {
    let scene = Scene::new(600);
    let other = Act::by("other");
    let ids = scene.ids();
    for id in ids.iter().step_by(100) {
        scene.vault.revoke(*id, &other).expect("revoked");
        scene.vault.issue_many(&vec![NewApiKey::new("n"); 200], &act()).expect("issued");
    }
    let wanted = AuditFilter::new().actor("other").action(Action::Revoke);
    for (limit, pages) in [(1, 6), (2, 3), (4, 2), (5, 2), (6, 1), (usize::MAX, 1)] {
        let (mut seen, mut after, mut count) = (vec![], None, 0);
        loop {
            let page = scene.vault.find_audit_entries(&wanted, after, limit).expect("a page");
            count += 1;
            seen.extend(page.items.iter().map(|entry| entry.key));
            after = page.next;
            if after.is_none() {
                break;
            }
            assert_eq!(page.items.len(), limit);
        }
        assert_eq!((count, &seen), (pages, &ids.iter().step_by(100).copied().map(Some).collect()), "{limit}");
    }
    let none = scene.vault.find_audit_entries(&wanted, None, 0).expect("a page");
    assert_eq!((none.items.len(), none.next), (0, None));
    let of_keys = Some(Cursor::after_api_key(ids[0]));
    assert_eq!(scene.vault.find_audit_entries(&wanted, of_keys, 2).expect_err("refused").code(), "cursor-of-other");
    overwrite(&scene.store, Table::Audit, &7_u64.to_be_bytes(), Some(b"junk".to_vec()));
    assert_eq!(scene.vault.find_audit_entries(&wanted, None, 2).expect_err("no entry").kind(), ErrorKind::Corrupt);
}

#[test]
fn nothing_is_asked_for_with_a_limit_of_nothing() {
    let scene = Scene::new(3);
    for (name, read) in PAGERS {
        assert_eq!(read(&scene.vault, 0, None).expect("a page"), (vec![], None), "{name}");
    }
    let page = scene.vault.audit_entries(None, 0).expect("a page");
    assert_eq!((page.items.len(), page.next), (0, None));
    let hundred = Scene::new(101);
    let page = hundred.vault.list(&Query::new()).expect("a page");
    assert_eq!((page.items.len(), page.next.is_some()), (100, true));
}

#[test]
fn what_is_there_from_the_first_page_to_the_last_is_listed_once_whatever_others_do_between() {
    let lists = PAGERS.into_iter().chain([("due", due as Pager)]);
    for (name, read) in lists {
        let (count, limit) = if name == "due" { (1_700, 500) } else { (24, 5) };
        let scene = Scene::new(count);
        let (before, reader, writer) = (scene.ids(), scene.other(), scene.other());
        let mut gone = BTreeSet::new();
        let soon = Reissue::new().grace(Duration::from_secs(30));
        let pages = walked(&reader, read, limit, |page| {
            // Before all others, and behind them.
            scene.issue_at(&writer, NOON - 10);
            scene.issue_at(&writer, NOON + 10);
            let here = page * limit;
            if here + 2 >= before.len() {
                return;
            }
            for id in [before[here - 1], before[here]] {
                writer.suspend(id, &act()).expect("suspended");
                writer.resume(id, &act()).expect("resumed");
            }
            writer.reissue(before[here - 2], &soon, &act()).expect("reissued");
            writer.reissue(before[here + 1], &soon, &act()).expect("reissued");
            match page {
                1 => drop(scene.vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated")),
                2 => {
                    let batch = RotateOptions::new().batch(NonZeroUsize::new(10).expect("not zero"));
                    writer.rotate(&batch, &act(), stop_after_one_batch).expect("begun");
                }
                _ => {}
            }
            for id in [before[here - 3], before[here + 2]] {
                overwrite(&scene.store, Table::Keys, &bytes_of(id), None);
                gone.insert(id);
            }
        });
        assert!(pages.len() > 3, "{name}");
        let listed = pages.concat();
        let once: BTreeSet<_> = listed.iter().copied().collect();
        assert_eq!(once.len(), listed.len(), "{name}: twice");
        assert!(listed.is_sorted(), "{name}");
        let kept = before.iter().filter(|id| !gone.contains(id));
        assert_eq!(kept.filter(|id| !once.contains(id)).count(), 0, "{name}: left out");
    }
}

#[test]
fn what_is_revoked_between_two_pages_is_listed_as_what_it_is_by_then() {
    let scene = Scene::new(4);
    let (all, query) = (scene.ids(), Query::new().limit(2));
    let first = scene.vault.list(&query).expect("a page");
    for id in all {
        scene.other().revoke(id, &act()).expect("revoked");
    }
    let second = scene.vault.list(&query.after(first.next)).expect("a page");
    let revoked = |page: &Page<strongroom::Listed>| {
        let keys = page.items.iter().map(|listed| listed.key.as_ref().expect("it opens").revoked_at.is_some());
        keys.collect::<Vec<_>>()
    };
    assert_eq!((revoked(&first), revoked(&second)), (vec![false; 2], vec![true; 2]));
}

#[test]
fn a_list_goes_on_behind_what_is_gone_what_never_was_and_what_is_the_last() {
    let scene = Scene::new(6);
    let all = scene.ids();
    let never = [id_of(&[0; 16]), id_of(&(u128::from_be_bytes(bytes_of(all[2])) + 1).to_be_bytes())];
    overwrite(&scene.store, Table::Keys, &bytes_of(all[1]), None);
    for (name, read) in PAGERS {
        let from = |id: ApiKeyId| read(&scene.vault, 2, Some(Cursor::after_api_key(id))).expect("a page");
        assert_eq!(from(all[1]), (all[2..4].to_vec(), Some(Cursor::after_api_key(all[3]))), "{name}: gone");
        assert_eq!(from(never[0]), (vec![all[0], all[2]], Some(Cursor::after_api_key(all[2]))), "{name}: never");
        assert_eq!(from(never[1]), (all[3..5].to_vec(), Some(Cursor::after_api_key(all[4]))), "{name}: never");
        assert_eq!(from(all[3]), (all[4..].to_vec(), None), "{name}: full, and the end");
        assert_eq!(from(all[4]), (all[5..].to_vec(), None), "{name}: one left");
        assert_eq!(from(all[5]), (vec![], None), "{name}: the last");
        assert_eq!(from(id_of(&[0xff; 16])), (vec![], None), "{name}: behind everything");
    }
    let page = scene.vault.due(&DueRules::new(), Some(Cursor::after_api_key(all[4]))).expect("a page");
    assert_eq!((page.items.len(), page.examined, page.next), (1, 1, None));
}

#[test]
fn records_that_do_not_open_hide_no_other_and_end_no_list() {
    let scene = Scene::new(7);
    let all = scene.ids();
    // The last of a page, the first of the next, and the last of all.
    for at in [1, 2, 5, 6] {
        damage_listed_record(&scene.store, at);
    }
    // Rows that are none of API keys, more than fit on a page: before the first, behind the end of a page, behind the last.
    for n in 0..5_u8 {
        overwrite(&scene.store, Table::Keys, &[0, n], Some(b"junk".to_vec()));
        for id in [all[1], all[3], all[6]] {
            overwrite(&scene.store, Table::Keys, &[&bytes_of(id)[..], &[n]].concat(), Some(b"junk".to_vec()));
        }
    }
    for (name, read) in PAGERS {
        for limit in 1..=8 {
            let pages = walked(&scene.vault, read, limit, |_| ());
            assert_eq!((pages.len(), pages.concat()), (7_usize.div_ceil(limit), all.clone()), "{name} {limit}");
        }
    }
    let listed: Vec<_> = scene.vault.list_all(&Query::new()).map(|listed| listed.expect("listed")).collect();
    let bad: Vec<_> = (0..7).filter(|at| listed[*at].key.is_err()).collect();
    assert_eq!((listed.len(), bad), (7, vec![1, 2, 5, 6]));
    let page = scene.vault.export_page(None, 10, &act()).expect("a page");
    assert_eq!(
        page.items.iter().filter(|exported| matches!(&exported.key, Err(fault) if fault.cause() == "corrupt")).count(),
        4
    );
}

#[test]
fn rows_that_fill_a_whole_page_and_are_no_api_keys_do_not_end_what_is_due() {
    let scene = Scene::new(3);
    for n in 0..1_100_u16 {
        overwrite(&scene.store, Table::Keys, &[&[0][..], &n.to_be_bytes()].concat(), Some(b"junk".to_vec()));
    }
    let found = walked(&scene.vault, due, 0, |_| ());
    assert_eq!(found, [scene.ids()]);
}

#[test]
fn a_cursor_of_another_list_is_refused_and_never_the_beginning() {
    let scene = Scene::new(3);
    let (of_log, of_keys) = (Cursor::after_audit_entry(1), Cursor::after_api_key(scene.ids()[0]));
    let refused = |error: Error, expected: &str| {
        assert_eq!((error.code(), error.kind()), ("cursor-of-other", ErrorKind::Input));
        assert!(error.to_string().ends_with(expected), "{error}");
    };
    for (_, read) in PAGERS.into_iter().chain([("due", due as Pager)]) {
        refused(read(&scene.vault, 2, Some(of_log)).expect_err("of another list"), "lists API keys");
        let rest = read(&scene.vault, 2, Some(of_keys)).expect("each takes those of the others");
        assert_eq!(rest.0, scene.ids()[1..]);
    }
    let query = Query::new().after(of_log);
    let mut all = scene.vault.list_all(&query);
    refused(all.next().expect("an error").expect_err("of another list"), "lists API keys");
    assert!(all.next().is_none());
    let mut all = scene.vault.list_usage_all(&query);
    refused(all.next().expect("an error").map(|_| ()).expect_err("of another list"), "lists API keys");
    assert!(all.next().is_none());
    refused(scene.vault.audit_entries(Some(of_keys), 2).expect_err("of another list"), "lists the audit log");
    refused(scene.vault.audit_lines(Some(of_keys), 2).expect_err("of another list"), "lists the audit log");
}

#[test]
fn all_of_a_list_is_what_its_pages_hold() {
    let scene = Scene::new(1_600);
    let all = scene.ids();
    let ids = |query: &Query| -> Vec<_> { scene.vault.list_all(query).map(|listed| listed.expect("one").id).collect() };
    assert_eq!(ids(&Query::new()), all);
    assert_eq!(ids(&Query::new().limit(3)), all, "a limit is that of a page");
    assert_eq!(ids(&Query::new().after(Cursor::after_api_key(all[1_299]))), all[1_300..]);
    assert_eq!(ids(&Query::new().owner("nobody")), []);
    assert_eq!(scene.vault.list_usage_all(&Query::new()).count(), 1_600);
    // A rotation on the way changes nothing.
    let reader = scene.other();
    let mut listed = reader.list_all(&Query::new());
    let first: Vec<_> = listed.by_ref().take(700).collect();
    scene.vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    std::thread::sleep(Duration::from_millis(1_100));
    let keys = first.into_iter().chain(listed).map(|listed| listed.expect("one").key.expect("it opens").id);
    assert_eq!(keys.collect::<Vec<_>>(), all);
}

#[test]
fn an_error_ends_a_list_and_is_told_once() {
    let (store, keys) = (Through::<BreaksOff>::default(), Keys::generate(1));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    vault.issue_many(&vec![NewApiKey::new("n"); 1_100], &act()).expect("issued");
    store.scans.store(0, Ordering::SeqCst);
    let listed: Vec<_> = vault.list_all(&Query::new()).map(|listed| listed.is_ok()).collect();
    assert_eq!(listed.len(), 501 + 1, "one piece, and the error");
    assert_eq!(listed.iter().filter(|listed| !**listed).count(), 1);
    store.scans.store(0, Ordering::SeqCst);
    vault.list(&Query::new().limit(600)).expect_err("a page that cannot be read whole is none");
    store.scans.store(0, Ordering::SeqCst);
    assert_eq!(vault.list(&Query::new().limit(500)).expect("one piece").items.len(), 500);
}

/// Tells of an engine that failed from the second scan of API keys on.
#[derive(Default)]
struct BreaksOff {
    scans: AtomicU32,
}

impl Between for BreaksOff {
    fn scan(
        &self,
        rows: &MemoryStore,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        if table == Table::Keys && self.scans.fetch_add(1, Ordering::SeqCst) > 0 {
            return Err(StoreError::Busy);
        }
        rows.scan(table, after, limit)
    }
}

fn options(secs: &Arc<AtomicI64>) -> VaultOptions {
    let secs = Arc::clone(secs);
    VaultOptions::new().clock(move || at(secs.load(Ordering::SeqCst)))
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_millis(secs * 1_000).expect("in range")
}

/// An id of these bytes, by its own alphabet.
fn id_of(bytes: &[u8]) -> ApiKeyId {
    let mut number = u128::from_be_bytes(bytes.try_into().expect("16 bytes"));
    let mut text = [b'0'; 26];
    for character in text.iter_mut().rev() {
        *character = b"0123456789abcdefghjkmnpqrstvwxyz"[(number & 31) as usize];
        number >>= 5;
    }
    std::str::from_utf8(&text).expect("ASCII").parse().expect("an id")
}

fn bytes_of(id: ApiKeyId) -> [u8; 16] {
    let digit = |c: char| "0123456789abcdefghjkmnpqrstvwxyz".find(c).expect("a digit") as u128;
    id.to_string().chars().fold(0_u128, |number, c| number << 5 | digit(c)).to_be_bytes()
}

const NOON: i64 = 1_700_000_000;

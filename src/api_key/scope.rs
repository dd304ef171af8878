//! What a scope of an API key stands for.

/// Whether a scope that an API key has is the one that is asked for, or stands for it. It does so only where the API key says that its
/// scopes may.
pub(super) fn grants(own: &str, wanted: &str, wildcards: bool) -> bool {
    own == wanted || (wildcards && stands_for(own, wanted))
}

/// `invoices:*` stands for all that begins with `invoices:` and goes on, and `*` for every scope.
fn stands_for(own: &str, wanted: &str) -> bool {
    let begin = own.strip_suffix('*').filter(|_| is_well_formed(own));
    begin.is_some_and(|begin| wanted.len() > begin.len() && wanted.starts_with(begin))
}

/// A wildcard stands alone, or at the end behind a separator: one inside of a word would stand for more than anybody reads.
pub(super) fn is_well_formed(scope: &str) -> bool {
    match scope.split_once('*') {
        None => true,
        Some((begin, end)) => end.is_empty() && (begin.is_empty() || begin.ends_with([':', '.', '/'])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_what_begins_so_and_goes_on_and_only_where_there_are_any() {
        let cases = [
            ("read", "read", true),
            ("read", "READ", false),
            ("read", "readwrite", false),
            ("invoices:*", "invoices:read", true),
            ("invoices:*", "invoices:read:own", true),
            ("invoices:*", "invoices:", false),
            ("invoices:*", "invoices", false),
            ("invoices:*", "invoicesx", false),
            ("a.*", "a.b", true),
            ("a/*", "a/b", true),
            ("*", "anything", true),
            ("*", "", false),
            // None of these can be issued.
            ("rea*", "read", false),
            ("*:read", "invoices:read", false),
            ("a:*:c", "a:b:c", false),
            ("**", "anything", false),
        ];
        for (own, wanted, stands) in cases {
            assert_eq!(grants(own, wanted, true), stands, "{own} for {wanted}");
            assert_eq!(grants(own, wanted, false), own == wanted, "{own} for {wanted}, without wildcards");
        }
        assert!(grants("invoices:*", "invoices:*", false), "it is a scope of that name");
    }
}

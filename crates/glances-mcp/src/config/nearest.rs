//! "Did you mean": the known word that is most like the one given.

/// The nearest of `known` words, if one is near enough to be meant.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase();
    let edits_max = 1 + word.chars().count() / 4;
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&word, &known.to_lowercase()), known))
        .filter(|(edits, known)| *edits <= edits_max && *edits < known.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, known)| known)
}

//! Limits of a server's own glances.conf. Only reads them.

use crate::snapshot::Snapshot;

/// Warning and critical of glances.conf, those of the item first; `None` where it has neither.
pub(super) fn of_glances(snapshot: &Snapshot, key: &str, item: &str) -> Option<[Option<f64>; 2]> {
    let plugin = key.split('_').next()?;
    let numbers = snapshot.limits.numbers.get(plugin)?;
    // Sensors have limits by their kind: `sensors_temperature_core_warning`.
    let mut sensors = snapshot.sensors().into_iter().flatten();
    let kind = sensors.find(|it| plugin == "sensors" && it.label == item).map(|it| &it.kind);
    let named = |level: &str| {
        let names = [
            (!item.is_empty()).then(|| format!("{key}_{item}_{level}")),
            kind.map(|kind| format!("{key}_{kind}_{level}")),
            Some(format!("{key}_{level}")),
        ];
        names.into_iter().flatten().find_map(|name| numbers.get(&name).copied())
    };
    let found = [named("warning"), named("critical")];
    found.iter().any(Option::is_some).then_some(found)
}

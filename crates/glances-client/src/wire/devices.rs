//! Hardware and configured checks: sensors, GPUs, RAID, SMART, folders, ports and the like.

use super::Reader;
use crate::model::{
    Amp, CheckOutcome, Folder, Gpu, Npu, PortCheck, RaidArray, Sensor, SensorUnit, SmartAttribute,
    SmartDisk, Vm, Wifi,
};

/// Glances compares a folder's size with its limits times this.
const BYTES_PER_MEGABYTE: u64 = 1_000_000;

/// A battery or chip threshold of 0 is a chip that has none.
fn threshold(value: Reader<'_>) -> Option<f64> {
    value.num().filter(|&limit| limit > 0.0)
}

pub(super) fn sensor(row: Reader<'_>) -> Option<Sensor> {
    let unit = match row.get("unit").word() {
        Some("C") => SensorUnit::Celsius,
        Some("R") => SensorUnit::Rpm,
        Some("%") => SensorUnit::Percent,
        _ => SensorUnit::Unknown,
    };
    Some(Sensor {
        label: row.get("label").text()?,
        kind: row.get("type").text_or_empty(),
        // hddtemp says `ERR`, `SLP`, `UNK` or `NOS` instead of a number.
        value: row.get("value").num(),
        unit,
        warning: threshold(row.get("warning")),
        critical: threshold(row.get("critical")),
        status: row.get("status").text(),
    })
}

pub(super) fn gpu(row: Reader<'_>) -> Option<Gpu> {
    Some(Gpu {
        id: row.get("gpu_id").text()?,
        name: row.get("name").text_or_empty(),
        processor_percent: row.get("proc").num(),
        memory_percent: row.get("mem").num(),
        temperature: row.get("temperature").num(),
        fan_percent: row.get("fan_speed").num(),
    })
}

pub(super) fn npu(row: Reader<'_>) -> Option<Npu> {
    Some(Npu {
        id: row.get("npu_id").text()?,
        name: row.get("name").text_or_empty(),
        load_percent: row.get("load").num(),
        memory_percent: row.get("mem").num(),
        frequency_hz: row.get("freq_current").num(),
        temperature: row.get("temperature").num(),
        power: row.get("power").num(),
    })
}

/// An object by device; its numbers are texts.
pub(super) fn raid(body: Reader<'_>) -> Vec<RaidArray> {
    let arrays = body.entries().filter(|(_, array)| array.is_object());
    let array = |(device, array): (&str, Reader<'_>)| RaidArray {
        name: body.clean(device),
        level: array.get("type").text_or_empty(),
        status: array.get("status").text_or_empty(),
        disks_available: array.get("available").small(),
        disks_used: array.get("used").small(),
        config: array.get("config").text(),
    };
    arrays.map(array).collect()
}

/// `{"DeviceName": "…", "<number>": {attribute}}`.
pub(super) fn smart_disk(row: Reader<'_>) -> SmartDisk {
    let attributes = row.entries().filter(|(_, attribute)| attribute.is_object());
    let attribute = |(number, attribute): (&str, Reader<'_>)| SmartAttribute {
        name: attribute.get("name").text().unwrap_or_else(|| row.clean(number)),
        value: attribute.get("value").num(),
        worst: attribute.get("worst").num(),
        threshold: attribute.get("threshold").num(),
        raw: attribute.get("raw").text_or_empty(),
        // smartctl's table has `-` for "never".
        when_failed: attribute.get("when_failed").text().filter(|when| when.trim() != "-"),
    };
    SmartDisk {
        name: row.get("DeviceName").text_or_empty(),
        attributes: attributes.map(attribute).collect(),
    }
}

/// A folder that could not be read has size `"?"` (API 3) or an `errno` (API 4).
pub(super) fn folder(row: Reader<'_>) -> Option<Folder> {
    let readable = row.get("errno").num().is_none_or(|errno| errno == 0.0);
    let limit = |field| row.get(field).count().map(|mb| mb.saturating_mul(BYTES_PER_MEGABYTE));
    Some(Folder {
        path: row.get("path").text()?,
        size: row.get("size").count().filter(|_| readable),
        limits: [limit("careful"), limit("warning"), limit("critical")],
    })
}

/// A web check has a `url`, any other check a `host`.
pub(super) fn port_check(row: Reader<'_>) -> Option<PortCheck> {
    let status = row.get("status");
    let url = row.get("url").word();
    let http_status = url.and_then(|_| u16::try_from(status.count()?).ok());
    let outcome = match (url, status.num(), status.flag()) {
        _ if status.is_null() => CheckOutcome::NotYet,
        (Some(_), Some(code), _) if code < 400.0 => {
            CheckOutcome::Up { seconds: row.get("elapsed").num() }
        }
        (None, Some(seconds), _) if seconds > 0.0 => CheckOutcome::Up { seconds: Some(seconds) },
        (None, _, Some(true)) => CheckOutcome::Up { seconds: None },
        _ => CheckOutcome::Down,
    };
    Some(PortCheck {
        target: match url {
            Some(url) => row.clean(&without_userinfo(url)),
            None => row.get("host").text()?,
        },
        port: row.get("port").count().and_then(|port| u16::try_from(port).ok()).filter(|&n| n > 0),
        description: row.get("description").text_or_empty(),
        outcome,
        http_status,
        rtt_warning: row.get("rtt_warning").num(),
    })
}

/// `https://user:password@host/path` → `https://host/path`. An `@` behind the first `/`, `?` or
/// `#` is no userinfo.
fn without_userinfo(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, url),
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match scheme {
        Some(scheme) => format!("{scheme}://{host}{path}"),
        None => format!("{host}{path}"),
    }
}

pub(super) fn amp(row: Reader<'_>) -> Option<Amp> {
    Some(Amp {
        name: row.get("name").text()?,
        result: row.get("result").text(),
        count: row.get("count").count(),
        count_min: row.get("countmin").count(),
        count_max: row.get("countmax").count(),
    })
}

/// API 3 says `quality` ("58/70") and `signal`, API 4 `quality_link` and `quality_level`.
pub(super) fn wifi(row: Reader<'_>) -> Option<Wifi> {
    let scale = |quality: &str| quality.split('/').next()?.trim().parse::<f64>().ok();
    let quality = row.get("quality");
    let v3_quality = || quality.num().or_else(|| scale(quality.word()?));
    Some(Wifi {
        name: row.get("ssid").text()?,
        quality: row.get("quality_link").num().or_else(v3_quality).filter(|it| it.is_finite()),
        signal_dbm: row.get("quality_level").num().or_else(|| row.get("signal").num()),
    })
}

pub(super) fn vm(row: Reader<'_>) -> Option<Vm> {
    Some(Vm {
        name: row.get("name").text()?,
        status: row.get("status").text_or_empty(),
        engine: row.get("engine").text_or_empty(),
        cpu_count: row.get("cpu_count").small(),
        memory_used: row.get("memory_usage").count(),
        memory_total: row.get("memory_total").count(),
        load_min1: row.get("load_1min").num(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_a_checked_url() {
        let table = [
            ("https://u:p@host/a", "https://host/a"),
            ("http://host/a@b", "http://host/a@b"),
            ("http://host?mail=a@b", "http://host?mail=a@b"),
            ("https://u:p%40@host:8443", "https://host:8443"),
            ("https://u:p@x@host/", "https://host/"),
            ("u:p@host/a", "host/a"),
            ("", ""),
        ];
        for (url, clean) in table {
            assert_eq!(without_userinfo(url), clean);
        }
    }
}

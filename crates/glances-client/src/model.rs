//! One normalised shape per plugin, whatever Glances version served it.
//!
//! Units are fixed: bytes, seconds, percent 0-100, events per second. `None` means that the
//! server did not say; a value is never guessed. Every text comes from the monitored machine and
//! has passed the client's text filter (see [`crate::ClientOptions::text_filter`]).

mod hardware;
mod machine;
mod network;
mod storage;
mod workload;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::{
    hardware::{Gpu, Irq, Npu, Sensor, SensorUnit},
    machine::{
        Cloud, Core, CoreTimes, Cpu, Event, Ip, Load, Mem, MemSwap, Meter, QuickLook, System,
    },
    network::{CheckOutcome, Connections, Interface, PortCheck, Wifi},
    storage::{Disk, Filesystem, Folder, RaidArray, SmartAttribute, SmartDisk},
    workload::{
        Amp, Container, ContainerState, Extended, Health, Process, ProcessCount, ProcessMemory, Vm,
    },
};
use crate::Plugin;

/// `/all/limits`: thresholds and refresh times as the server is configured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Numeric settings by plugin and key, such as `("fs", "fs_critical") → 90`.
    pub numbers: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Limits {
    /// Seconds between two real samples of a plugin, where its `<plugin>_refresh` is set.
    #[must_use]
    pub fn refresh_secs(&self, plugin: Plugin) -> Option<f64> {
        self.numbers.get(plugin.name())?.get(&format!("{plugin}_refresh")).copied()
    }
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $variant:ident($type:ty) as $accessor:ident,)*) => {
        /// The decoded reply of one plugin; written under the plugin's name.
        #[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum Payload { $($(#[$doc])* $variant($type),)* }

        impl Payload {
            /// Which plugin's reply this is.
            #[must_use]
            pub const fn plugin(&self) -> Plugin {
                match self { $(Self::$variant(_) => Plugin::$variant,)* }
            }
            $(
                $(#[$doc])*
                #[must_use]
                pub const fn $accessor(&self) -> Option<&$type> {
                    if let Self::$variant(inner) = self { Some(inner) } else { None }
                }
            )*
        }
    };
}

payloads! {
    /// Newest first.
    Alert(Vec<Event>) as alert,
    /// In configuration order.
    Amps(Vec<Amp>) as amps,
    /// Empty fields on bare metal.
    Cloud(Cloud) as cloud,
    /// TCP only.
    Connections(Connections) as connections,
    /// Running ones, unless `[containers] all=True`.
    Containers(Vec<Container>) as containers,
    /// Core counts.
    Core(Core) as core,
    /// Whole machine.
    Cpu(Cpu) as cpu,
    /// By device.
    DiskIo(Vec<Disk>) as disks,
    /// Configured folders.
    Folders(Vec<Folder>) as folders,
    /// Mounted filesystems.
    Fs(Vec<Filesystem>) as filesystems,
    /// Graphics processors.
    Gpu(Vec<Gpu>) as gpus,
    /// First address.
    Ip(Ip) as ip,
    /// Interrupt lines.
    Irq(Vec<Irq>) as irqs,
    /// Load averages.
    Load(Load) as load,
    /// Memory.
    Mem(Mem) as mem,
    /// Swap.
    MemSwap(MemSwap) as swap,
    /// By interface.
    Network(Vec<Interface>) as interfaces,
    /// Neural processors.
    Npu(Vec<Npu>) as npus,
    /// By core.
    PerCpu(Vec<CoreTimes>) as cores,
    /// Checks made by Glances.
    Ports(Vec<PortCheck>) as ports,
    /// Counts.
    ProcessCount(ProcessCount) as process_count,
    /// All processes.
    ProcessList(Vec<Process>) as processes,
    /// Merged by name.
    ProgramList(Vec<Process>) as programs,
    /// Clock and model.
    QuickLook(QuickLook) as quicklook,
    /// Software RAID.
    Raid(Vec<RaidArray>) as raid,
    /// Sensors.
    Sensors(Vec<Sensor>) as sensors,
    /// SMART.
    Smart(Vec<SmartDisk>) as smart,
    /// Identity.
    System(System) as system,
    /// Seconds since boot.
    Uptime(f64) as uptime_secs,
    /// Glances version, such as `4.5.8`.
    Version(String) as version,
    /// Virtual machines.
    Vms(Vec<Vm>) as vms,
    /// Wireless.
    Wifi(Vec<Wifi>) as wifi,
}

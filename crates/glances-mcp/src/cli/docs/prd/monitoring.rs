//! The tools of monitoring that were asked for.

use super::{Bullet, Item, Part, Section};

pub(super) const CORE: Part = Part {
    title: "Core monitoring tools",
    sections: &[
        Section {
            heading: "1.1 Server Discovery & Status",
            bullets: 6,
            items: &[LIST_SERVERS, SERVER_STATUS],
        },
        Section {
            heading: "1.2 System Metrics Collection",
            bullets: 8,
            items: &[OVERVIEW, DETAILED],
        },
        Section { heading: "1.3 Storage Monitoring", bullets: 7, items: &[DISK_USAGE, DISK_IO] },
        Section { heading: "1.4 Network Monitoring", bullets: 7, items: &[NETWORK, CONNECTIONS] },
        Section {
            heading: "1.5 Container Monitoring",
            bullets: 7,
            items: &[CONTAINERS, CONTAINER],
        },
        Section { heading: "1.6 Process Monitoring", bullets: 7, items: &[PROCESSES, PROCESS] },
    ],
};

const LIST_SERVERS: Item = Item {
    name: "list_servers",
    bullets: &[
        Bullet::new(
            "List all configured Glances servers with metadata",
            "list_servers: servers[].server, servers[].url, servers[].os",
        ),
        Bullet::new(
            "Include environment, region, tags, and status",
            "list_servers: servers[].environment, servers[].region, servers[].tags, \
             servers[].status, statuses",
        ),
        Bullet::new(
            "Return server capabilities and version info",
            "list_servers: servers[].plugins, servers[].without, servers[].glances, \
             servers[].api, glances_versions; list_servers with format",
        ),
    ],
};

const SERVER_STATUS: Item = Item {
    name: "get_server_status",
    bullets: &[
        Bullet::new(
            "Health check for individual servers or all servers",
            "get_server_status: statuses, servers[].status, probes[].outcome; get_server_status \
             with servers, probe",
        ),
        Bullet::new(
            "Connection status, response time, API version",
            "get_server_status: servers[].status, servers[].error, servers[].last_ms, \
             servers[].p50_ms, servers[].p95_ms, servers[].api",
        ),
        Bullet::new(
            "Last successful communication timestamp",
            "get_server_status: servers[].last_success_age_seconds, coverage.as_of",
        )
        .but("as its age in seconds before `as_of`, which no clock or time zone can twist"),
    ],
};

const OVERVIEW: Item = Item {
    name: "get_system_overview",
    bullets: &[
        Bullet::new(
            "CPU utilization (total and per-core)",
            "get_system_overview: servers[].cpu_percent, one.per_core_percent",
        ),
        Bullet::new(
            "Memory usage (used, available, cached, buffers)",
            "get_system_overview: servers[].memory_percent, one.memory.used_bytes, \
             one.memory.available_bytes, one.memory.cached_bytes, one.memory.buffers_bytes",
        ),
        Bullet::new(
            "System load averages (1min, 5min, 15min)",
            "get_system_overview: servers[].load_per_core, one.load_1m, one.load_5m, one.load_15m",
        ),
        Bullet::new(
            "Uptime and system information",
            "get_system_overview: one.uptime_seconds, one.system, one.hostname",
        ),
    ],
};

const DETAILED: Item = Item {
    name: "get_detailed_metrics",
    bullets: &[
        Bullet::new(
            "Extended CPU metrics (user, system, iowait, steal)",
            "get_detailed_metrics: metrics[].metric, metrics[].value; series cpu.user, \
             cpu.system, cpu.iowait, cpu.steal",
        ),
        Bullet::new(
            "Detailed memory breakdown (active, inactive, swap)",
            "get_detailed_metrics: metrics[].metric, metrics[].value; series mem.active, \
             mem.inactive, memswap.used, memswap.percent",
        ),
        Bullet::new(
            "I/O statistics (read/write operations and bandwidth)",
            "get_detailed_metrics: metrics[].metric, metrics[].value; series diskio.read_count, \
             diskio.write_count, diskio.read_bytes, diskio.write_bytes",
        ),
        Bullet::new(
            "Context switches and interrupts",
            "get_detailed_metrics: metrics[].metric, metrics[].value; series cpu.ctx_switches, \
             cpu.interrupts, cpu.soft_interrupts",
        ),
    ],
};

const DISK_USAGE: Item = Item {
    name: "get_disk_usage",
    bullets: &[
        Bullet::new(
            "Filesystem usage for all mount points",
            "get_disk_usage: filesystems[].mount, filesystems[].used_bytes, filesystems[].also_at",
        ),
        Bullet::new(
            "Disk space utilization percentages",
            "get_disk_usage: filesystems[].use_percent, filesystems[].severity",
        ),
        Bullet::new(
            "Available space in human-readable format",
            "get_disk_usage: filesystems[].free_bytes",
        )
        .but("bytes in the structured answer; its text writes them as in `1.5 GiB`"),
        Bullet::new(
            "I/O performance metrics",
            "get_disk_io_stats: disks[].read_bytes_per_second, disks[].write_bytes_per_second, \
             disks[].read_latency_ms, disks[].write_latency_ms; get_disk_usage: filesystems[].device",
        )
        .but(
            "in the tool of their own: Glances measures devices and not mounts; `device` leads from one \
             to the other",
        ),
    ],
};

const DISK_IO: Item = Item {
    name: "get_disk_io_stats",
    bullets: &[
        Bullet::new(
            "Read/write IOPS per disk",
            "get_disk_io_stats: disks[].reads_per_second, disks[].writes_per_second",
        ),
        Bullet::new(
            "Throughput (MB/s) per disk",
            "get_disk_io_stats: disks[].read_bytes_per_second, disks[].write_bytes_per_second",
        ),
        Bullet::new(
            "I/O wait times and queue depths",
            "get_disk_io_stats: disks[].read_latency_ms, disks[].write_latency_ms, \
             disks[].queue_depth, disks[].iowait_percent",
        )
        .but(
            "latency and queue depth from Glances 4.4 on; no older one and no API 5 serves them, \
             and the answer names such servers",
        ),
    ],
};

const NETWORK: Item = Item {
    name: "get_network_stats",
    bullets: &[
        Bullet::new(
            "Interface-level traffic statistics",
            "get_network_stats: interfaces[].interface, interfaces[].in_bits_per_second, \
             interfaces[].out_bits_per_second, interfaces[].received_total_bytes, \
             interfaces[].sent_total_bytes",
        ),
        Bullet::new(
            "Bandwidth utilization (in/out)",
            "get_network_stats: interfaces[].use_percent, interfaces[].speed_bits_per_second",
        )
        .but("absent where the speed of the link is unknown, as of most virtual ones"),
        Bullet::new(
            "Packet counts and error rates",
            "get_network_stats: interfaces[].errors_per_second, interfaces[].drops_per_second, \
             notes",
        )
        .but(
            "no Glances serves packet counts; errors and drops come from the Python preview of \
             API 5 alone, and the answer says so",
        ),
        Bullet::new("Connection state summaries", "get_network_stats: connections"),
    ],
};

const CONNECTIONS: Item = Item {
    name: "get_network_connections",
    bullets: &[
        Bullet::new(
            "Active connections by protocol",
            "get_network_connections: tcp, servers[].established, notes; get_process_details: \
             extended.tcp_sockets, extended.udp_sockets",
        )
        .but(
            "no Glances serves UDP sockets of a whole machine: TCP by state, and TCP and UDP of \
             one process",
        ),
        Bullet::new(
            "Listening ports and services",
            "get_network_connections: servers[].listening, checks[].target, checks[].state, notes",
        )
        .but(
            "no Glances serves the numbers of listening ports: how many listen, and each port \
             and web page that Glances itself checks",
        ),
        Bullet::new(
            "Connection state analysis",
            "get_network_connections: tcp, servers[].time_wait, servers[].close_wait, \
             servers[].other, servers[].conntrack_percent",
        ),
    ],
};

const CONTAINERS: Item = Item {
    name: "get_containers",
    bullets: &[
        Bullet::new(
            "Docker/Podman container statistics",
            "get_containers: total.containers, total.states, containers[].container, \
             containers[].engine",
        ),
        Bullet::new(
            "Resource usage per container (CPU, memory, I/O)",
            "get_containers: containers[].cpu_percent, containers[].memory_used_bytes, \
             containers[].memory_percent, containers[].io_read_bytes_per_second, \
             containers[].io_write_bytes_per_second, containers[].network_in_bytes_per_second",
        ),
        Bullet::new(
            "Container health and status",
            "get_containers: containers[].state, containers[].health, total.unhealthy",
        ),
        Bullet::new(
            "Image information and uptime",
            "get_containers: containers[].image, containers[].uptime",
        ),
    ],
};

const CONTAINER: Item = Item {
    name: "get_container_details",
    bullets: &[
        Bullet::new(
            "Detailed container inspection",
            "get_container_details: id, state, health, image, command, created, pod, history[].avg",
        ),
        Bullet::new("Port mappings and volume mounts", "get_container_details: ports, notes").but(
            "no Glances serves volumes of containers, and the answer says so; ports from Glances \
             4.4 on",
        ),
        Bullet::new(
            "Environment variables (filtered for security)",
            "get_container_details: command, notes",
        )
        .but(
            "no Glances serves the environment of containers, and the answer says so; the \
             command is there, secrets taken out",
        ),
    ],
};

const PROCESSES: Item = Item {
    name: "get_top_processes",
    bullets: &[
        Bullet::new(
            "Top processes by CPU or memory usage",
            "get_top_processes: processes[].cpu_percent, processes[].memory_bytes, \
             fleet[].cpu_percent; get_top_processes with sort_by",
        ),
        Bullet::new(
            "Process tree and parent-child relationships",
            "get_top_processes: processes[].processes, notes",
        )
        .but(
            "no Glances serves parents of processes, and the answer says so: they are grouped by \
             program",
        ),
        Bullet::new(
            "Resource consumption trends",
            "get_top_processes: processes[].trend, at; what_changed: \
             programs[].cpu_before_percent, programs[].cpu_after_percent",
        ),
        Bullet::new(
            "Command line arguments (truncated for security)",
            "get_top_processes: processes[].command; get_top_processes with format",
        ),
    ],
};

const PROCESS: Item = Item {
    name: "get_process_details",
    bullets: &[
        Bullet::new(
            "Detailed process information",
            "get_process_details: processes[].user, processes[].cpu_percent, \
             processes[].memory_bytes, processes[].threads, processes[].read_bytes_per_second, \
             processes[].command",
        ),
        Bullet::new(
            "Open files and network connections",
            "get_process_details: extended.open_files, extended.tcp_sockets, \
             extended.udp_sockets, notes; get_process_details with extended",
        )
        .but(
            "their numbers: no Glances serves names of open files or remote addresses, and the \
             answer says so",
        ),
        Bullet::new(
            "Process status and scheduling information",
            "get_process_details: processes[].status, processes[].nice, extended.cpu_affinity, \
             extended.io_class, extended.voluntary_switches",
        ),
    ],
};

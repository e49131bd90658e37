//! Hardware flavors and their prices.
//!
//! Prices: the "Hardware" tables of HF's Jobs pricing and configuration pages, as of August 2026.
//! The last three flavors are accepted by the API but not on that list: they are not offered by
//! `/api/jobs/hardware`, and the fake prices them at nothing.

/// An accelerator of a flavor.
#[derive(Debug)]
pub(super) struct Accelerator {
    pub(super) model: &'static str,
    pub(super) quantity: &'static str,
    pub(super) vram: &'static str,
}

/// One flavor.
#[derive(Debug)]
pub(super) struct Flavor {
    pub(super) name: &'static str,
    pub(super) pretty_name: &'static str,
    pub(super) cpu: &'static str,
    pub(super) ram: &'static str,
    pub(super) disk: &'static str,
    pub(super) accelerator: Option<Accelerator>,
    /// US cents per hour.
    cents_per_hour: u64,
}

impl Flavor {
    /// Millionths of a US dollar per minute, rounded to a whole one as HF's own API does.
    pub(super) const fn micro_usd_per_minute(&self) -> u64 {
        (self.cents_per_hour * 10_000 + 30) / 60
    }

    /// What a container is told of its machine: `ACCELERATOR`, `CPU_CORES` and `MEMORY` (`8Gi`). How HF writes the
    /// first is not documented; here it is the model, and empty where there is none.
    pub(super) fn environment(&self) -> [(String, String); 3] {
        let number = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        let model = self.accelerator.as_ref().map_or("", |found| found.model);
        [
            ("ACCELERATOR".to_owned(), model.to_owned()),
            ("CPU_CORES".to_owned(), number(self.cpu)),
            ("MEMORY".to_owned(), format!("{}Gi", number(self.ram))),
        ]
    }

    /// Whether it is on the price list.
    pub(super) const fn is_sold(&self) -> bool {
        self.cents_per_hour > 0
    }
}

/// The flavor with this name.
pub(super) fn find(name: &str) -> Option<&'static Flavor> {
    FLAVORS.iter().find(|flavor| flavor.name == name)
}

const fn cpu(
    name: &'static str,
    pretty_name: &'static str,
    cpu: &'static str,
    ram: &'static str,
    disk: &'static str,
    cents_per_hour: u64,
) -> Flavor {
    Flavor {
        name,
        pretty_name,
        cpu,
        ram,
        disk,
        accelerator: None,
        cents_per_hour,
    }
}

/// A GPU machine: names, then vCPU, RAM, disk, then the GPUs, then the price.
const fn gpu(
    names: [&'static str; 2],
    machine: [&'static str; 3],
    gpus: [&'static str; 3],
    cents_per_hour: u64,
) -> Flavor {
    let [name, pretty_name] = names;
    let [cpu, ram, disk] = machine;
    let [quantity, model, vram] = gpus;
    let accelerator = Some(Accelerator {
        model,
        quantity,
        vram,
    });
    Flavor {
        name,
        pretty_name,
        cpu,
        ram,
        disk,
        accelerator,
        cents_per_hour,
    }
}

/// Every flavor the API accepts.
pub(super) static FLAVORS: [Flavor; 29] = [
    cpu("cpu-basic", "CPU Basic", "2 vCPU", "16 GB", "50 GB", 1),
    cpu("cpu-upgrade", "CPU Upgrade", "8 vCPU", "32 GB", "50 GB", 3),
    cpu("cpu-xl", "CPU XL", "16 vCPU", "124 GB", "1000 GB", 100),
    cpu(
        "cpu-performance",
        "CPU Performance",
        "32 vCPU",
        "256 GB",
        "1024 GB",
        190,
    ),
    gpu(
        ["t4-small", "Nvidia T4 - small"],
        ["4 vCPU", "15 GB", "50 GB"],
        ["1", "T4", "16 GB"],
        40,
    ),
    gpu(
        ["t4-medium", "Nvidia T4 - medium"],
        ["8 vCPU", "30 GB", "100 GB"],
        ["1", "T4", "16 GB"],
        60,
    ),
    gpu(
        ["a10g-small", "Nvidia A10G - small"],
        ["4 vCPU", "15 GB", "110 GB"],
        ["1", "A10G", "24 GB"],
        100,
    ),
    gpu(
        ["a10g-large", "Nvidia A10G - large"],
        ["12 vCPU", "46 GB", "200 GB"],
        ["1", "A10G", "24 GB"],
        150,
    ),
    gpu(
        ["a10g-largex2", "2x Nvidia A10G - large"],
        ["24 vCPU", "92 GB", "1000 GB"],
        ["2", "A10G", "48 GB"],
        300,
    ),
    gpu(
        ["a10g-largex4", "4x Nvidia A10G - large"],
        ["48 vCPU", "184 GB", "2000 GB"],
        ["4", "A10G", "96 GB"],
        500,
    ),
    gpu(
        ["l4x1", "1x Nvidia L4"],
        ["8 vCPU", "30 GB", "400 GB"],
        ["1", "L4", "24 GB"],
        80,
    ),
    gpu(
        ["l4x4", "4x Nvidia L4"],
        ["48 vCPU", "186 GB", "3200 GB"],
        ["4", "L4", "96 GB"],
        380,
    ),
    gpu(
        ["l40sx1", "1x Nvidia L40S"],
        ["8 vCPU", "62 GB", "380 GB"],
        ["1", "L40S", "48 GB"],
        180,
    ),
    gpu(
        ["l40sx4", "4x Nvidia L40S"],
        ["48 vCPU", "382 GB", "3200 GB"],
        ["4", "L40S", "192 GB"],
        830,
    ),
    gpu(
        ["l40sx8", "8x Nvidia L40S"],
        ["192 vCPU", "1534 GB", "6500 GB"],
        ["8", "L40S", "384 GB"],
        2350,
    ),
    gpu(
        ["a100-large", "Nvidia A100 - large"],
        ["12 vCPU", "142 GB", "1000 GB"],
        ["1", "A100", "80 GB"],
        250,
    ),
    gpu(
        ["a100x4", "4x Nvidia A100"],
        ["48 vCPU", "568 GB", "4000 GB"],
        ["4", "A100", "320 GB"],
        1000,
    ),
    gpu(
        ["a100x8", "8x Nvidia A100"],
        ["96 vCPU", "1136 GB", "8000 GB"],
        ["8", "A100", "640 GB"],
        2000,
    ),
    gpu(
        ["h200", "Nvidia H200"],
        ["23 vCPU", "256 GB", "3000 GB"],
        ["1", "H200", "141 GB"],
        500,
    ),
    gpu(
        ["h200x2", "Nvidia H200"],
        ["46 vCPU", "512 GB", "6000 GB"],
        ["2", "H200", "282 GB"],
        1000,
    ),
    gpu(
        ["h200x4", "Nvidia H200"],
        ["92 vCPU", "1024 GB", "12000 GB"],
        ["4", "H200", "564 GB"],
        2000,
    ),
    gpu(
        ["h200x8", "Nvidia H200"],
        ["184 vCPU", "2048 GB", "24000 GB"],
        ["8", "H200", "1128 GB"],
        4000,
    ),
    gpu(
        ["rtx-pro-6000", "Nvidia RTX PRO 6000"],
        ["23 vCPU", "256 GB", "475 GB"],
        ["1", "RTX PRO 6000", "96 GB"],
        275,
    ),
    gpu(
        ["rtx-pro-6000x2", "Nvidia RTX PRO 6000"],
        ["46 vCPU", "512 GB", "950 GB"],
        ["2", "RTX PRO 6000", "192 GB"],
        550,
    ),
    gpu(
        ["rtx-pro-6000x4", "Nvidia RTX PRO 6000"],
        ["92 vCPU", "1024 GB", "1900 GB"],
        ["4", "RTX PRO 6000", "384 GB"],
        1100,
    ),
    gpu(
        ["rtx-pro-6000x8", "Nvidia RTX PRO 6000"],
        ["184 vCPU", "2048 GB", "3800 GB"],
        ["8", "RTX PRO 6000", "768 GB"],
        2200,
    ),
    cpu("sprx8", "Sapphire Rapids x8", "", "", "", 0),
    cpu("zero-a10g", "Zero A10G", "", "", "", 0),
    cpu("inf2x6", "Inferentia 2 x6", "", "", "", 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_cpu_basic_costs_167_millionths() {
        assert_eq!(find("cpu-basic").unwrap().micro_usd_per_minute(), 167);
        assert_eq!(find("t4-small").unwrap().micro_usd_per_minute(), 6667);
        assert_eq!(find("h200x8").unwrap().micro_usd_per_minute(), 666_667);
    }

    #[test]
    fn twenty_six_flavors_are_sold_and_names_are_unique() {
        assert_eq!(FLAVORS.iter().filter(|flavor| flavor.is_sold()).count(), 26);
        let names: std::collections::BTreeSet<_> =
            FLAVORS.iter().map(|flavor| flavor.name).collect();
        assert_eq!(names.len(), FLAVORS.len());
    }
}

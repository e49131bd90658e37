//! Hardware flavors and their prices, read from `data/hf-prices.json`, which says where they are from.
//!
//! A flavor without a price is accepted by the API but on no price list: it is not offered by
//! `/api/jobs/hardware`, and the fake bills it at nothing.

use std::sync::LazyLock;

use serde::Deserialize;

/// The price list of HF Jobs with the day it was read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceList {
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the file"))]
    as_of: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the file"))]
    sources: Vec<&'static str>,
    #[expect(dead_code, reason = "for the reader of the file")]
    unsold: &'static str,
    exposed_ports_cents_per_hour: u64,
    flavors: Vec<Flavor>,
}

/// An accelerator of a flavor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::hf) struct Accelerator {
    pub(in crate::hf) model: &'static str,
    pub(in crate::hf) quantity: &'static str,
    pub(in crate::hf) vram: &'static str,
}

/// One flavor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::hf) struct Flavor {
    pub(in crate::hf) name: &'static str,
    pub(in crate::hf) pretty_name: &'static str,
    pub(in crate::hf) cpu: &'static str,
    pub(in crate::hf) ram: &'static str,
    pub(in crate::hf) disk: &'static str,
    pub(in crate::hf) accelerator: Option<Accelerator>,
    /// US cents per hour; none if it is not sold.
    cents_per_hour: Option<u64>,
}

impl Flavor {
    /// Millionths of a US dollar per minute, rounded to a whole one as HF's own API does.
    pub(in crate::hf) fn micro_usd_per_minute(&self) -> u64 {
        self.cents_per_hour.map_or(0, per_minute)
    }

    /// What a container is told of its machine: `ACCELERATOR`, `CPU_CORES` and `MEMORY` (`8Gi`). How HF writes the
    /// first is not documented; here it is the model, and empty where there is none.
    pub(in crate::hf) fn environment(&self) -> [(String, String); 3] {
        let number = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        let model = self.accelerator.as_ref().map_or("", |found| found.model);
        [
            ("ACCELERATOR".to_owned(), model.to_owned()),
            ("CPU_CORES".to_owned(), number(self.cpu)),
            ("MEMORY".to_owned(), format!("{}Gi", number(self.ram))),
        ]
    }

    /// Whether it is on the price list.
    pub(in crate::hf) const fn is_sold(&self) -> bool {
        self.cents_per_hour.is_some()
    }
}

const fn per_minute(cents_per_hour: u64) -> u64 {
    (cents_per_hour * 10_000 + 30) / 60
}

const TEXT: &str = include_str!("../../../data/hf-prices.json");

// The file is part of the program and a test reads it: there is nothing to go wrong at run time.
static PRICES: LazyLock<PriceList> =
    LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

/// Every flavor the API accepts.
pub(in crate::hf) fn flavors() -> &'static [Flavor] {
    &PRICES.flavors
}

/// The flavor with this name.
pub(in crate::hf) fn find(name: &str) -> Option<&'static Flavor> {
    flavors().iter().find(|flavor| flavor.name == name)
}

/// What a job with exposed ports pays for them, in millionths of a US dollar per minute, however many they are.
pub(in crate::hf) fn exposed_ports_micro_usd_per_minute() -> u64 {
    per_minute(PRICES.exposed_ports_cents_per_hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_list_can_be_read_and_says_when_and_where_it_is_from() {
        let prices: PriceList = serde_json::from_str(TEXT).unwrap();
        assert!(prices.as_of.parse::<jiff::civil::Date>().is_ok());
        assert!(!prices.sources.is_empty());
        for source in prices.sources {
            assert!(source.starts_with("https://huggingface.co/"), "{source}");
        }
    }

    #[test]
    fn a_minute_of_cpu_basic_costs_167_millionths() {
        assert_eq!(find("cpu-basic").unwrap().micro_usd_per_minute(), 167);
        assert_eq!(find("t4-small").unwrap().micro_usd_per_minute(), 6667);
        assert_eq!(find("h200x8").unwrap().micro_usd_per_minute(), 666_667);
        assert_eq!(exposed_ports_micro_usd_per_minute(), 167);
    }

    #[test]
    fn twenty_six_flavors_are_sold_and_names_are_unique() {
        let sold = flavors().iter().filter(|flavor| flavor.is_sold());
        assert_eq!(sold.count(), 26);
        let names: std::collections::BTreeSet<_> =
            flavors().iter().map(|flavor| flavor.name).collect();
        assert_eq!(names.len(), flavors().len());
    }

    #[test]
    fn what_is_not_sold_is_marked_and_costs_nothing() {
        for name in ["sprx8", "zero-a10g", "inf2x6"] {
            let flavor = find(name).unwrap();
            assert!(!flavor.is_sold() && flavor.micro_usd_per_minute() == 0);
        }
    }
}

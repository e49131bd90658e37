//! What a plan asks of its dispatcher that this or that target cannot be given.

use std::collections::BTreeSet;

use scenarios::plan::{
    Deliver, DispatcherWorld, Fault, LabelRule, Plan, Verb, flavor_of, image_key, label_set,
};

use super::images;

/// Of the reference dispatcher, which is told everything by its environment.
pub(super) fn by_the_reference(dispatcher: &DispatcherWorld, plan: &Plan) -> Vec<String> {
    let mut refused = Vec::new();
    if let Some(rules) = &dispatcher.rules
        && !are_the_convention(rules, plan)
    {
        refused.push(
            "world.dispatcher.rules: it serves the labels `hf-jobs-<flavor>` and `hf-jobs-<flavor>:<key>` for one image of each key, and no others"
                .to_owned(),
        );
    }
    if dispatcher.caps.per_flavor.is_some() {
        refused.push(
            "world.dispatcher.caps.per_flavor: it caps HF jobs in all and of a repository, and those of no flavor"
                .to_owned(),
        );
    }
    if dispatcher.warm.0.iter().any(|pool| pool.count > 0) {
        refused.push("world.dispatcher.warm: it keeps no runners ready".to_owned());
    }
    refused
}

/// Whether rules ask for nothing but what the convention does with the jobs of this plan. What a recording brings is
/// not known beforehand, so there they do not.
fn are_the_convention(rules: &[LabelRule], plan: &Plan) -> bool {
    let is_recorded = |verb: &Verb| matches!(verb, Verb::Deliver(Deliver::Raw(raw)) if raw.learn);
    let Some(images) = images::by_key(rules) else {
        return false;
    };
    let served = |labels: &BTreeSet<String>| {
        let keyed = |label: &String| {
            let (flavor, key) = image_key(label)?;
            images.contains_key(key).then_some(flavor)
        };
        let only = labels.iter().next().filter(|_| labels.len() == 1);
        flavor_of(None, labels).or_else(|| keyed(only?))
    };
    let routes_alike = |verb: &Verb| {
        let Verb::Queue(job) = verb else {
            return true;
        };
        let labels = label_set(job.labels.iter().map(String::as_str));
        flavor_of(Some(rules), &labels) == served(&labels)
    };
    rules
        .iter()
        .all(|rule| rule.image.is_none() || rule.names_image().is_some())
        && plan
            .timeline
            .iter()
            .all(|step| !is_recorded(&step.verb) && routes_alike(&step.verb))
}

/// Of a dispatcher that somebody else runs: whoever does has told it what the scenario declares, but for what only the
/// machine it runs on could give.
pub(super) fn by_whoever_runs_it(plan: &Plan) -> Vec<String> {
    let mut refused = Vec::new();
    if plan.world.dispatcher.clock_skew.0 != 0 {
        refused.push("world.dispatcher.clock_skew: its clock is that of its machine".to_owned());
    }
    refused.extend(faults_on_its_machine(plan));
    refused
}

/// The faults that strike the dispatcher's own machine, which the lab holds only if it started it.
fn faults_on_its_machine(plan: &Plan) -> impl Iterator<Item = String> {
    let strikes = |fault: &&Fault| fault.to.iter().any(|place| place == "store");
    plan.faults.iter().filter(strikes).map(|fault| {
        format!(
            "the fault of line {} strikes the dispatcher's own store, which is out of the lab's reach",
            fault.line
        )
    })
}

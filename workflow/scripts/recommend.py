"""Model a target, predict all that may be chosen there, and recommend."""

import json
from dataclasses import asdict
from pathlib import Path

from perftransfer.dataset import measured, tables
from perftransfer.errors import UserError
from perftransfer.job import logged
from perftransfer.plain import from_plain
from perftransfer.recommend import deployment, gather, stopping, stored_model
from perftransfer.recommend.option_costs import option_costs_table
from perftransfer.recommend.params import RecommendParams
from perftransfer.recommend.recommendation import left_out_table, predict_space, predictions_table, recommend

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, name = from_plain(RecommendParams, snakemake.params[0]), snakemake.wildcards.environment
        measurements, goal = tables.read(snakemake.input.measurements), params.model.goal
        space = tables.read(snakemake.input.candidates)
        candidates = gather.candidates_for(goal, space)
        known = tables.metadata(snakemake.input.measurements)
        is_random_sample = bool(json.loads(known["is_random_sample"]))
        models = gather.models_from_job(name, params.model.scales, params.model, snakemake.input)
        for objective, path in zip(params.model.scales, snakemake.output.models, strict=True):
            models[objective] = gather.add_target_measurements(models[objective], measurements, is_random_sample)
            if not len(models[objective].target):
                raise UserError(
                    f"environment {name}: no measurement there gave a value of {objective}: see its journal"
                )
            stored_model.save(models[objective], Path(path))
        predicted = predict_space(models, candidates)
        tables.write(Path(snakemake.output.left_out), left_out_table(models, space))
        good = measurements.loc[measurements["status"] == "ok", "configuration_id"]
        failed = set(measurements["configuration_id"]) - set(good)
        options, table = (
            tables.options(snakemake.input.candidates),
            predictions_table(candidates, predicted, good, failed),
        )
        tables.write(Path(snakemake.output.predictions), table, options=options)
        recommendations = recommend(
            models,
            candidates,
            predicted,
            params.n_recommendations,
            failed,
            set(good),
            goal,
            params.changes_outputs,
        )
        outlooks = {
            objective: outlook and asdict(outlook)
            for objective, model in models.items()
            if objective in goal.objectives
            for outlook in [stopping.outlook(model, model.codes_of(candidates))]
        }
        budget = measurements["configuration_id"].nunique()
        strategy = params.model.recipe.strategy
        metadata = {
            "outlooks": outlooks,
            "strategy": strategy,
            "tolerance": params.tolerance,
            "stopped_early": bool(json.loads(known["stopped_early"])),
            "budget": budget,
            "disturbance": measured.disturbance(measurements),
            "space": len(candidates),
        }
        limits = [asdict(limit) for limit in goal.limits]
        metadata["goal"] = {"objectives": list(goal.objectives), "terms": goal.terms, "limits": limits}
        metadata["goal"]["maximized"] = [objective for objective, model in models.items() if model.scale.maximize]
        chosen = candidates[candidates["configuration_id"].isin(recommendations["configuration_id"])]
        configurations = tables.configurations_of(chosen, options)
        costs = option_costs_table(models, recommendations, configurations)
        tables.write(Path(snakemake.output.option_costs), costs)
        metadata |= deployment.facts_of(params.model.recipe.description, configurations)
        tables.write(Path(snakemake.output.recommendation), recommendations, metadata=metadata)

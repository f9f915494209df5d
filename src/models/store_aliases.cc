#include <algorithm>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/file.h"
#include "base/log.h"
#include "models/model_store_shared.h"
#include "models/version_tag.h"

// The part of ModelStore that goes from a name to a model in other ways than by a manifest of that
// name: aliases, and versions that are not written out.
namespace moat::models {
namespace {

constexpr std::size_t kMaxAliasBytes = std::size_t{64} << 10;

Error conflict(std::string message) {
    return Error{ErrorCode::conflict, std::move(message)};
}

Error invalid_name(std::string_view name) {
    return Error{ErrorCode::invalid_argument, fmt::format("name \"{}\" is invalid", name)};
}

Error no_alias(std::string_view name) {
    return Error{ErrorCode::not_found, fmt::format("alias \"{}\" not found", name)};
}

}  // namespace

std::optional<ModelName> ModelStore::alias_name(const ModelName& name) const {
    return spelled_below("aliases", name);
}

std::filesystem::path ModelStore::alias_file(const ModelName& name) const {
    return shared_->root / "aliases" / name.manifest_path();
}

Result<ModelAlias> ModelStore::read_alias(const ModelName& name) const {
    TRY_ASSIGN(const auto text, read_file(alias_file(name), kMaxAliasBytes));
    return parse_alias(name, text);
}

std::optional<ModelName> ModelStore::newest_version(const ModelName& name) const {
    std::vector<std::string> tags;
    const auto spelled = spelled_below("manifests", name, false);
    if (!spelled) return std::nullopt;
    ModelName out = *spelled;
    for (const ModelName& installed : names_below("manifests"))
        if (installed.host == out.host && installed.name_space == out.name_space &&
            installed.model == out.model)
            tags.push_back(installed.tag);
    auto tag = newest_of_line(name.tag, tags);
    if (!tag) return std::nullopt;
    out.tag = std::move(*tag);
    return out;
}

std::optional<ModelName> ModelStore::resolve(const ModelName& name) const {
    if (auto installed = installed_name(name)) return installed;
    if (const auto alias = alias_name(name)) {
        const auto read = read_alias(*alias);
        if (!read) {
            log::warning("{}", read.error().message);
            return std::nullopt;
        }
        const auto target = parse_model_name(read->target());
        return target ? installed_name(*target) : std::nullopt;
    }
    return newest_version(name);
}

Result<std::vector<ModelAlias>> ModelStore::aliases(const Principal& who) const {
    TRY(access::require(who, Role::user));
    std::vector<ModelAlias> out;
    for (const ModelName& name : names_below("aliases")) {
        auto alias = read_alias(name);
        if (alias) {
            out.push_back(std::move(*alias));
        } else {
            log::warning("an alias is left out: {}", alias.error().message);
        }
    }
    std::ranges::sort(out, {}, [](const ModelAlias& alias) { return alias.name.display(); });
    return out;
}

Result<ModelAlias> ModelStore::set_alias(
    const Principal& who, std::string_view name, std::string_view target
) {
    TRY(access::require(who, Role::admin));
    const auto parsed = parse_model_name(name);
    if (!parsed) return invalid_name(name);
    const auto wanted = parse_model_name(target);
    if (!wanted) return invalid_name(target);
    const std::lock_guard lock(shared_->write_mutex);
    if (installed_name(*parsed)) {
        return conflict(fmt::format(
            "\"{0}\" is an installed model, which an alias would hide; choose another name or "
            "remove "
            "the model first (moat rm {0})",
            name
        ));
    }
    const auto model = resolve(*wanted);
    if (!model) return Error{ErrorCode::not_found, fmt::format("model \"{}\" not found", target)};

    ModelAlias alias{.name = alias_name(*parsed).value_or(*parsed), .steps = {}};
    // A file that is damaged is set anew, without its history.
    if (auto before = read_alias(alias.name)) alias = std::move(*before);
    if (!alias.steps.empty() && alias.target() == model->display()) return alias;
    alias.steps.push_back({.target = model->display(), .since = std::chrono::system_clock::now()});
    if (alias.steps.size() > kMaxAliasSteps) alias.steps.erase(alias.steps.begin());
    TRY(write_name_file("aliases", alias.name, to_json(alias)));
    return alias;
}

Result<ModelAlias> ModelStore::roll_back_alias(const Principal& who, std::string_view name) {
    TRY(access::require(who, Role::admin));
    const auto parsed = parse_model_name(name);
    if (!parsed) return invalid_name(name);
    const std::lock_guard lock(shared_->write_mutex);
    const auto found = alias_name(*parsed);
    if (!found) return no_alias(name);
    TRY_ASSIGN(ModelAlias alias, read_alias(*found));
    if (alias.steps.size() < 2)
        return conflict(fmt::format("alias \"{}\" has had no other model before", name));
    alias.steps.pop_back();
    const auto before = parse_model_name(alias.target());
    if (!before || !installed_name(*before)) {
        return Error{
            ErrorCode::not_found,
            fmt::format(
                "model \"{}\", which alias \"{}\" stood for before, is not installed any more",
                alias.target(),
                name
            )
        };
    }
    TRY(write_name_file("aliases", alias.name, to_json(alias)));
    return alias;
}

Status ModelStore::remove_alias(const Principal& who, std::string_view name) {
    TRY(access::require(who, Role::admin));
    const auto parsed = parse_model_name(name);
    if (!parsed) return invalid_name(name);
    const std::lock_guard lock(shared_->write_mutex);
    const auto found = alias_name(*parsed);
    if (!found) return no_alias(name);
    return remove_name_file("aliases", *found);
}

Status ModelStore::check_no_alias(const ModelName& name) const {
    if (!alias_name(name)) return Ok{};
    return conflict(fmt::format(
        "\"{0}\" is an alias, not a model; remove it first (moat alias --remove {0})",
        name.display()
    ));
}

Status ModelStore::check_not_aliased(const ModelName& name) const {
    for (const ModelName& alias : names_below("aliases")) {
        const auto read = read_alias(alias);
        if (!read) continue;
        const auto target = parse_model_name(read->target());
        if (!target || !same_model(*target, name)) continue;
        return conflict(fmt::format(
            "model '{}' is what alias \"{}\" stands for; switch or remove the alias first",
            name.display(),
            alias.display()
        ));
    }
    return Ok{};
}

}  // namespace moat::models

#include <algorithm>
#include <future>

#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/import_marks.h"
#include "cli/interrupt.h"
#include "cli/weaviate_api.h"

namespace moat::cli {
namespace {

using Part = WeaviateApi::Part;
using Mark = ImportMarks::Mark;

constexpr std::size_t kFailuresShown = 5;

std::string name_of(const Part& part) {
    return part.tenant.empty() ? part.class_name : part.class_name + "/" + part.tenant;
}

bool has_tenants(const json::Object& definition) {
    const json::Value* config = definition.if_contains("multiTenancyConfig");
    return config != nullptr && json::bool_or(*config, "enabled", false);
}

// Brings classes from one server to another: definitions, tenants, objects with their vectors.
class Import {
  public:
    Import(const Console& console, ApiClient& from, ApiClient& to, ImportMarks& marks)
        : console_(console), from_(from), to_(to), marks_(marks), bar_(console) {}

    Status run(const std::vector<std::string>& wanted) {
        Status done = copy(wanted);
        bar_.clear();
        return done;
    }

    // A line for each class, and whether all of it is here.
    bool report() const {
        std::vector<Row> rows;
        bool good = true;
        for (const Tally& each : tallies_) {
            const bool whole = each.failed == 0 && each.cold == 0 && each.here >= each.there;
            good = good && whole;
            rows.push_back(
                {each.class_name,
                 std::to_string(each.there),
                 std::to_string(each.here),
                 std::to_string(each.failed),
                 std::string(
                     whole ? console_.pick("complete", "完整")
                           : console_.pick("NOT COMPLETE", "不完整")
                 )}
            );
        }
        console_.print(table({"COLLECTION", "THERE", "HERE", "REFUSED", "STATE"}, rows));
        return good;
    }

  private:
    struct Tally {
        std::string class_name;
        std::uint64_t there = 0;
        std::uint64_t here = 0;
        std::uint64_t failed = 0;
        std::size_t cold = 0;  // tenants that could not be read
    };

    Status copy(const std::vector<std::string>& wanted) {
        TRY_ASSIGN(const std::string version, from_.version());
        console_.note(fmt::format("Weaviate {}", version));
        TRY_ASSIGN(const auto classes, choose(wanted));
        for (const json::Object& definition : classes) {
            TRY(prepare(definition));
            TRY(copy_class(definition));
        }
        return copy_aliases(classes);
    }

    Result<std::vector<json::Object>> choose(const std::vector<std::string>& wanted) {
        TRY_ASSIGN(auto classes, from_.classes());
        const auto name = [](const json::Object& definition) {
            return json::string_or(definition, "class");
        };
        for (const std::string& each : wanted) {
            if (std::ranges::find(classes, each, name) != classes.end()) continue;
            return Error{
                ErrorCode::not_found,
                fmt::format(
                    "{} '{}'", console_.pick("there is no collection", "源服务器上没有集合"), each
                )
            };
        }
        if (!wanted.empty())
            std::erase_if(classes, [&](const json::Object& definition) {
                return std::ranges::find(wanted, name(definition)) == wanted.end();
            });
        return classes;
    }

    // Makes the class here. One that is here already is added to.
    Status prepare(const json::Object& definition) {
        const std::string name = json::string_or(definition, "class");
        TRY_ASSIGN(const auto here, to_.classes());
        const bool known = std::ranges::any_of(here, [&](const json::Object& each) {
            return json::string_or(each, "class") == name;
        });
        if (!known) return to_.create_class(definition);
        if (marks_.get(name, "").started) return Ok{};
        console_.note(fmt::format(
            "{}: {}",
            name,
            console_.pick(
                "exists here already; its objects are added to", "本机已有同名集合，对象将写入其中"
            )
        ));
        return Ok{};
    }

    Status copy_class(const json::Object& definition) {
        const std::string name = json::string_or(definition, "class");
        Tally& result = tallies_.emplace_back();
        result.class_name = name;
        // So that a second call knows the class to be its own.
        Mark begun = marks_.get(name, "");
        begun.started = true;
        TRY(marks_.set(name, "", begun));
        if (!has_tenants(definition)) return copy_part({name}, result);
        TRY_ASSIGN(auto tenants, from_.tenants(name));
        for (const WeaviateApi::Tenant& tenant : tenants) {
            if (tenant.active) continue;
            ++result.cold;
            console_.note(fmt::format(
                "{}/{}: {}",
                name,
                tenant.name,
                console_.pick(
                    "the tenant is not active there: activate it and import again",
                    "该租户在源服务器上未激活：请激活后重新导入"
                )
            ));
        }
        std::erase_if(tenants, [](const WeaviateApi::Tenant& tenant) { return !tenant.active; });
        TRY(to_.add_tenants(name, tenants));
        for (const WeaviateApi::Tenant& tenant : tenants)
            TRY(copy_part({name, tenant.name}, result));
        return Ok{};
    }

    Status copy_part(const Part& part, Tally& result) {
        const bool resumed = !marks_.get(part.class_name, part.tenant).after.empty();
        TRY_ASSIGN(std::uint64_t there, copy_objects(part));
        TRY_ASSIGN(std::uint64_t here, to_.count(part));
        if (here < there && resumed) {
            // Something came in over there before the place where we had stopped.
            TRY(marks_.set(part.class_name, part.tenant, {.started = true}));
            TRY_ASSIGN(there, copy_objects(part));
            TRY_ASSIGN(here, to_.count(part));
        }
        result.there += there;
        result.here += here;
        result.failed += marks_.get(part.class_name, part.tenant).failed;
        return Ok{};
    }

    // The number of objects there are over there, at the end.
    Result<std::uint64_t> copy_objects(const Part& part) {
        TRY_ASSIGN(const std::uint64_t expected, from_.count(part));
        Mark mark = marks_.get(part.class_name, part.tenant);
        if (mark.done) return expected;
        const auto read = [this, part](const std::string& after) {
            return std::async(std::launch::async, [this, part, after] {
                return from_.page(part, after);
            });
        };
        // The next page comes while this one is written.
        auto next = read(mark.after);
        for (;;) {
            bar_.show(name_of(part), std::min(mark.objects, expected), expected);
            TRY_ASSIGN(auto page, next.get());
            if (page.empty()) break;
            mark.after = json::string_or(page.back(), "id");
            next = read(mark.after);
            mark.objects += page.size();
            TRY(write(part, std::move(page), mark));
            TRY(marks_.set(part.class_name, part.tenant, mark));
            if (interrupt_.interrupted())
                return Error{ErrorCode::cancelled, std::string(stopped_text())};
        }
        mark.done = true;
        TRY(marks_.set(part.class_name, part.tenant, mark));
        return from_.count(part);
    }

    Status write(const Part& part, std::vector<json::Object> page, Mark& mark) {
        std::vector<std::string> ids;
        for (const json::Object& object : page)
            ids.push_back(json::string_or(object, "id"));
        TRY_ASSIGN(const auto failures, to_.write(part, std::move(page)));
        for (std::size_t i = 0; i < failures.size(); ++i) {
            if (failures[i].empty()) continue;
            ++mark.failed;
            if (++failures_told_ > kFailuresShown) continue;
            bar_.clear();
            console_.note(fmt::format("{} {}: {}", name_of(part), ids[i], failures[i]));
        }
        return Ok{};
    }

    Status copy_aliases(const std::vector<json::Object>& classes) {
        TRY_ASSIGN(const auto wanted, from_.aliases());
        TRY_ASSIGN(const auto here, to_.aliases());
        for (const WeaviateApi::Alias& alias : wanted) {
            const bool ours = std::ranges::any_of(classes, [&](const json::Object& each) {
                return json::string_or(each, "class") == alias.class_name;
            });
            const bool known =
                std::ranges::find(here, alias.name, &WeaviateApi::Alias::name) != here.end();
            if (ours && !known) TRY(to_.create_alias(alias));
        }
        return Ok{};
    }

    std::string_view stopped_text() const {
        return console_.pick(
            "stopped; what was brought is here, the same command goes on",
            "已停止；已导入的内容会保留，再次执行同一命令即可继续"
        );
    }

    const Console& console_;
    WeaviateApi from_;
    WeaviateApi to_;
    ImportMarks& marks_;
    ProgressLine bar_;
    InterruptGuard interrupt_;
    std::vector<Tally> tallies_;
    std::size_t failures_told_ = 0;
};

}  // namespace

int import_weaviate(Session session, HttpClient& source, const ImportOptions& options) {
    const Console& console = session.console;
    ApiClient from(source);
    ImportMarks marks(usual_state_folder(), options.url, options.here);
    if (options.restart) marks.forget();
    Import work(console, from, session.api, marks);
    const Status done = work.run(options.collections);
    const Status kept = marks.save();
    if (!kept) console.note(kept.error().message);
    if (!done) return console.fail(done.error().message);
    const bool whole = work.report();
    marks.forget();  // what is missing may be anywhere: the next time begins at the beginning
    if (whole) return 0;
    return console.fail(console.pick(
        "not everything is here: see above; the same command tries again",
        "导入不完整：请看上面的说明；再次执行同一命令可重试"
    ));
}

}  // namespace moat::cli

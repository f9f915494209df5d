#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <ranges>
#include <string>
#include <vector>

#include "collections/collection.h"
#include "knowledge/base_collections.h"

// A database in memory for tests of this folder: keeps what it is given, finds objects that hold
// any word of the query, compares vectors one by one, and fails on demand.
namespace moat::knowledge {

class FakeCollection final : public collections::Collection {
  public:
    explicit FakeCollection(collections::Schema schema) : schema_(std::move(schema)) {}

    collections::Schema schema() const override {
        const std::lock_guard lock(mutex_);
        return schema_;
    }
    Status add_property(const Principal&, const collections::Property& property) override {
        const std::lock_guard lock(mutex_);
        schema_.properties.push_back(property);
        if (schema_.properties.size() <= collections::kMaxProperties) return Ok{};
        return Error{ErrorCode::invalid_argument, "too many properties"};
    }

    Status write(const Principal&, collections::WriteBatch batch) override {
        const std::lock_guard lock(mutex_);
        if (failures > 0) {
            --failures;
            return Error{ErrorCode::io, "no space left on the disk"};
        }
        for (const collections::Object& object : batch.puts) {
            if (schema_.dimensions == 0) schema_.dimensions = object.vector.size();
            if (!object.vector.empty() && object.vector.size() != schema_.dimensions)
                return Error{ErrorCode::invalid_argument, "a vector of other dimensions"};
            for (const auto& property : object.properties)
                if (!has_property(schema_, json::view(property.key())))
                    return Error{ErrorCode::invalid_argument, "no such property"};
        }
        ++writes;
        for (const Uuid& id : batch.removes)
            objects_.erase(id);
        for (const collections::Object& object : batch.puts)
            objects_[object.id] = object;
        return Ok{};
    }

    Result<collections::Object> get(const Principal&, const Uuid& id, bool) const override {
        const std::lock_guard lock(mutex_);
        const auto found = objects_.find(id);
        if (found == objects_.end()) return Error{ErrorCode::not_found, "no such object"};
        return found->second;
    }

    Result<collections::SearchResult> search(
        const Principal&, const collections::SearchRequest& request
    ) const override {
        const std::lock_guard lock(mutex_);
        last_request = request;
        if (!request.vector.empty() && request.vector.size() != schema_.dimensions)
            return Error{ErrorCode::invalid_argument, "a vector of other dimensions"};
        collections::SearchResult result;
        auto& hits = result.hits;
        for (const auto& [id, object] : objects_) {
            const std::string text = json::string_or(object.properties, "text");
            if (text.find(request.query) == std::string::npos) continue;
            hits.push_back({.object = object, .score = 1, .keyword_score = 1.0F, .distance = {}});
        }
        if (hits.size() > request.limit) hits.resize(request.limit);
        return result;
    }

    Result<std::vector<collections::Object>> list(
        const Principal&, const collections::ListRequest& request
    ) const override {
        const std::lock_guard lock(mutex_);
        std::vector<collections::Object> page;
        for (const auto& [id, object] : objects_) {
            if (request.after && id <= *request.after) continue;
            if (!matches(object, request.filter)) continue;
            page.push_back(object);
            if (!request.with_vector) page.back().vector.clear();
            if (page.size() == request.limit) break;
        }
        return page;
    }
    Result<std::uint64_t> count(const Principal&, const std::optional<collections::Filter>& filter)
        const override {
        const std::lock_guard lock(mutex_);
        return static_cast<std::uint64_t>(std::ranges::count_if(objects_, [&](const auto& entry) {
            return matches(entry.second, filter);
        }));
    }

    // What knowledge/ does not use.
    Status check(const Principal&, const collections::Object&) const override { return unused(); }
    Status modify(const Principal&, const Uuid&, const Change&) override { return unused(); }
    Result<std::vector<collections::AggregateGroup>>
    aggregate(const Principal&, const collections::AggregateRequest&) const override {
        return unused();
    }
    Result<std::vector<collections::ShardStatus>> shards(const Principal&) const override {
        return unused();
    }
    Status rename_property(const Principal&, std::string_view, const std::string&) override {
        return unused();
    }
    Status drop_property(const Principal&, std::string_view) override { return unused(); }
    Status change_property(const Principal&, const collections::Property&) override {
        return unused();
    }
    std::vector<collections::PropertyChange> changes() const override { return {}; }
    Status configure(const Principal&, const collections::Schema&) override { return unused(); }
    Status drop_vector(const Principal&, std::string_view) override { return unused(); }
    Status add_vector(const Principal&, const collections::NamedVector&) override {
        return unused();
    }
    Result<std::vector<collections::Tenant>> tenants(const Principal&) const override {
        return unused();
    }
    Status put_tenants(const Principal&, std::span<const collections::Tenant>) override {
        return unused();
    }
    Status remove_tenants(const Principal&, std::span<const std::string>) override {
        return unused();
    }
    Result<std::shared_ptr<collections::Collection>> tenant(
        const Principal&, std::string_view, bool
    ) override {
        return unused();
    }

    int failures = 0;  // writes to refuse
    int writes = 0;
    mutable collections::SearchRequest last_request;

  private:
    static Error unused() { return {ErrorCode::unsupported, "not in the imitation"}; }

    // Only what knowledge/ itself asks for: equality of text.
    static bool matches(
        const collections::Object& object, const std::optional<collections::Filter>& filter
    ) {
        if (!filter) return true;
        return json::string_or(object.properties, filter->property) ==
               json::view(filter->value.get_string());
    }

    mutable std::mutex mutex_;
    collections::Schema schema_;
    std::map<Uuid, collections::Object> objects_;
};

class FakeDatabase final : public collections::Database {
  public:
    Result<std::shared_ptr<collections::Collection>> create(
        const Principal&, const collections::Schema& schema
    ) override {
        const std::lock_guard lock(mutex_);
        auto made = std::make_shared<FakeCollection>(schema);
        if (!collections.emplace(schema.name, made).second)
            return Error{ErrorCode::conflict, "exists"};
        return std::shared_ptr<collections::Collection>(made);
    }
    Result<std::shared_ptr<collections::Collection>> open(const Principal&, std::string_view name)
        override {
        const std::lock_guard lock(mutex_);
        const auto found = collections.find(name);
        if (found == collections.end()) return Error{ErrorCode::not_found, "no such collection"};
        return std::shared_ptr<collections::Collection>(found->second);
    }
    Status drop(const Principal&, std::string_view name) override {
        const std::lock_guard lock(mutex_);
        if (const auto found = collections.find(name); found != collections.end())
            collections.erase(found);
        return Ok{};
    }
    std::vector<collections::Schema> schemas(const Principal&) const override { return {}; }

    // What knowledge/ does not use.
    Status rename(const Principal&, std::string_view, const std::string&) override {
        return unused();
    }
    std::vector<collections::Alias> aliases(const Principal&) const override { return {}; }
    std::size_t memory_bytes() const override { return 0; }
    Status put_alias(const Principal&, const collections::Alias&) override { return unused(); }
    Status remove_alias(const Principal&, std::string_view) override { return unused(); }
    Result<collections::BackupManifest>
    back_up(const Principal&, const collections::BackupRequest&, const std::stop_token&) override {
        return unused();
    }
    Status restore(const Principal&, const collections::RestoreRequest&, const std::stop_token&)
        override {
        return unused();
    }

    std::vector<collections::Damage> damages() const override { return {}; }

    static Error unused() { return {ErrorCode::unsupported, "not in the imitation"}; }

    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<FakeCollection>, std::less<>> collections;
};

}  // namespace moat::knowledge

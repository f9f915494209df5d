#include "collections/recovering.h"

#include "base/log.h"
#include "collections/backup.h"
#include "collections/rebuilding.h"
#include "collections/stored_collection.h"
#include "collections/tenant_records.h"

namespace moat::collections {
namespace {

// Adds to a batch what names `number` instead of the former one.
using Publish = std::function<void(KeyValueBatch& changes, CollectionNumber number)>;

class Recovery {
  public:
    Recovery(const RecoveryTools& tools, std::vector<Loss> losses)
        : tools_(tools), losses_(std::move(losses)) {}

    std::vector<Damage> take_damages() { return std::move(damages_); }

    Status collection(StoredSchema& schema) {
        if (schema.schema.tenancy.enabled) return tenants(schema);
        const auto publish = [&](KeyValueBatch& changes, CollectionNumber number) {
            schema.number = number;
            changes.put(Space::catalog, schema_key(schema.schema.name), schema.to_json());
        };
        return recover(schema, "", publish);
    }

  private:
    Status tenants(const StoredSchema& schema) {
        TRY_ASSIGN(const auto records, read_tenants(*tools_.store.snapshot(), schema.number));
        for (const TenantRecord& record : records) {
            StoredSchema own = schema;
            own.number = record.number;
            const auto publish = [&](KeyValueBatch& changes, CollectionNumber number) {
                changes.put(
                    Space::catalog,
                    tenant_key(schema.number, record.name),
                    encode_tenant(number, record.active)
                );
            };
            TRY(recover(own, record.name, publish));
        }
        return Ok{};
    }

    Status recover(const StoredSchema& schema, const std::string& tenant, const Publish& publish) {
        const std::vector<Loss> own = losses_of(losses_, schema.number);
        if (own.empty()) return Ok{};
        log::warning(
            "collection '{}' lost a part of what the store had of it and is made anew",
            schema.schema.name
        );
        const CollectionNumber former = schema.number;
        TRY_ASSIGN(const CollectionNumber number, tools_.take_numbers(1));
        TRY(begin_numbers(tools_.store, number, 1));
        TRY_ASSIGN(
            const Rebuilt rebuilt,
            rebuild_objects(tools_.store, tools_.tokenizer, schema, number, own)
        );
        const std::string name = schema.schema.name;
        const auto changes = tools_.store.new_batch();
        publish(*changes, number);
        remove_numbers(*changes, former, 1);
        end_numbers(*changes, number);
        TRY(tools_.store.commit(*changes, Durability::synced));
        TRY(tools_.remove_files(former));
        note({name, tenant, rebuilt.objects, rebuilt.lost_objects, rebuilt.lost_vectors});
        return Ok{};
    }

    void note(Damage damage) {
        log::error(
            "collection '{}'{}: {} objects are there, {} are lost, {} lost a vector",
            damage.collection,
            damage.tenant.empty() ? "" : " (a tenant)",
            damage.objects,
            damage.lost_objects,
            damage.lost_vectors
        );
        damages_.push_back(std::move(damage));
    }

    const RecoveryTools& tools_;
    const std::vector<Loss> losses_;
    std::vector<Damage> damages_;
};

}  // namespace

Result<std::vector<Damage>> recover_collections(
    const RecoveryTools& tools, std::map<std::string, StoredSchema>& schemas
) {
    std::vector<Loss> losses = tools.store.losses();
    if (losses.empty()) return std::vector<Damage>();
    Recovery recovery(tools, std::move(losses));
    for (auto& [name, schema] : schemas)
        TRY(recovery.collection(schema));
    TRY(tools.store.settle());
    return recovery.take_damages();
}

}  // namespace moat::collections

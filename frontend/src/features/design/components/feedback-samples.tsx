import { Inbox } from "lucide-react";
import { ApiError, networkError } from "@/shared/api/problem";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { Progress, Spinner } from "@/shared/ui/feedback/progress";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { Toaster, toast } from "@/shared/ui/feedback/toaster";
import { Sample, SampleGroup } from "./sample";

const forbidden = new ApiError(403, { code: "forbidden" });

export function FeedbackSamples() {
  return (
    <SampleGroup title="Retorno">
      <Banner>Você está vendo o atendimento como estava às 14:05.</Banner>
      <Banner tone="warn" actions={<Button size="small">Assumir</Button>}>
        Bruno está atendendo esta conversa.
      </Banner>
      <Banner tone="danger" onClose={() => {}}>
        O número do WhatsApp está desconectado.
      </Banner>
      <Banner tone="ai" actions={<Button size="small">Assumir</Button>}>
        A IA está atendendo.
      </Banner>
      <Sample name="Spinner, Progress">
        <Spinner label="Carregando" />
        <Progress value={0.4} label="Enviando foto.jpg" className="w-40" />
        <Progress value={null} label="Enviando" className="w-40" />
      </Sample>
      <Sample name="toast">
        <Button
          onClick={() =>
            toast.done("Atendimento encerrado", { action: { label: "Desfazer", run: () => {} } })
          }
        >
          Feito
        </Button>
        <Button
          onClick={() =>
            toast.error("Não foi transferido", { description: "Assuma a conversa primeiro." })
          }
        >
          Erro
        </Button>
        <Toaster />
      </Sample>
      <SkeletonRows count={2} height={64} label="Carregando" />
      <div className="grid grid-cols-2 gap-2">
        <EmptyState icon={<Inbox />} title="Nada esperando" action={<Button>Ver todas</Button>}>
          Quando um cliente escrever, ele aparece aqui.
        </EmptyState>
        <ErrorState error={networkError()} title="A lista não carregou" onRetry={() => {}} />
        <ErrorState error={forbidden} />
      </div>
    </SampleGroup>
  );
}

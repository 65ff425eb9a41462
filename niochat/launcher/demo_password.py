"""The password of the demo's users: people type it from one screen into another."""

import secrets

_TEXT = """
abelha abrigo acerola agosto agulha aldeia alface alho aliado alpaca altar aluno amarelo amora anel
anta antena apito arara arco areia argila arroz arruda asa atlas atleta atum aula aveia avela
avenca azeite azul baleia balsa bambu banco banda bandeja banjo barba barco barro batata bateria
beija bela besouro bloco boia bola bolo bolso bonde boneco borda bosque bota brasa brejo brisa
broto bruma bule buriti cabana cabo cabra cacau cacto caderno cafe caixa caju calda caldo calha
cama camelo caminho campo canela caneta canoa canto capa capim caracol carro carta casa casaco
casca cavalo cebola cedro cenoura centro cera cereja cerrado cesta chale chapa chave cheiro chuva
ciclo cidade cidra cifra cinema cinto circo cisne clara clave clima coala cobre cocada coco coelho
cofre colar colher colina comida concha conta copa copo coral corda coro coruja costa couve cozinha
cravo creme crista cubo cuia cupim curva cutia dado data dedo degrau delta dente deserto dia disco
doce domingo dourado duna ema encosta enxada ervilha escada escola esfera espelho esquilo estrela
fada faixa farinha farol fava feijao feira feltro ferro festa figo fila filme fita flauta flor foca
fogo folha fonte forno forte frasco freio fresta fruta funil gaita gaivota galho galo ganso garfo
garoa gato gema giz globo goiaba gola gota grade grama grao grilo gruta guache hangar harpa hera
hino hora horta hotel ilha indigo ipe jaca jade janela jangada jardim jarra jasmim jato javali jipe
joia jornal juba julho junco junho lago lagoa laje lama lanche lapis laranja largo lasca lata lava
lavanda leao leite lenda lenha lente leque letra lima limao linha linho lira lirio livro lobo lona
louro lousa lua lugar lupa luva luz maca madeira magia maio mala malha manga manha manta mapa mar
marca marfim marmelo marte massa mata mate medalha mel melao menta mesa metal milho mina mirante
moeda moinho mola molho monte morango moto muda mundo mural musgo nabo nata nave navio neblina neve
ninho norte nota novelo nuvem oasis oca oeste oliva onda orla ostra ouro outono ovo paca pacote
padaria paina painel palco palha palma pampa panda panela pano papel pardal parque passo pasta pato
pavao pedal pedra peixe pena pente pera perola pessego piano picole pinha pinho pipa piquete piso
pista pitanga placa planeta planta pluma poema polvo pomar pomba ponte ponto porta porto praia
prata prato primo prisma proa pudim pulo quadro quarto queijo quilha quintal radio raia raio raiz
rama ramo rampa raposa recife rede relva remo renda retrato ribeira rima rio risco ritmo roca roda
romance rosa rota roupa rua rubi rumo sabia sacola safira sala salsa salto samba sapato sapo seda
selo selva sempre serra seta sino sitio sol som sopa sorriso sorvete suco sul surfe tabua taca
talco tambor tampa tanque tapete tarde tatu teatro tecido teia tela telha tempo tenda terra tigela
tijolo tinta tira toca toldo tomate topo torre torta touca trato trem trevo trigo trilha tripe
trova tucano tulipa tunel turma urso urtiga uva vagao vale valsa vara varanda vaso vela vento verao
verde viga vila vime vinho viola visto vitral volta voo xadrez xale xarope zebra zinco
"""
"""Short words without accents and without a second meaning."""
WORDS = tuple(_TEXT.split())
DIGITS = 4


def new_demo_password() -> str:
    """Return three words and a number, such as ``rio-casa-lua-4821``: at least 40 random bits."""
    words = [secrets.choice(WORDS) for _ in range(3)]
    return "-".join((*words, f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"))
